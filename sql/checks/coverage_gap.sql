-- severity: warning
-- Every outlet gave an article on every day of a run.
SELECT day, outlet, status, reason FROM outlet_coverage_daily
WHERE is_gap
ORDER BY day, outlet;
