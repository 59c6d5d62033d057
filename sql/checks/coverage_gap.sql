-- severity: warning
-- Every outlet gave an article on every day of a run, in the last four weeks.
SELECT day, outlet, status, reason FROM outlet_coverage_daily
WHERE is_gap AND day > (SELECT max(day) - 28 FROM days)
ORDER BY day, outlet;
