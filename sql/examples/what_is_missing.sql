-- What is missing, and why? Days on which an outlet gave no article, and records that were refused,
-- in the last four weeks.
SELECT day, outlet, status, records, articles_refused, reason
FROM outlet_coverage_daily
WHERE (is_gap OR articles_refused > 0) AND day > (SELECT max(day) - 28 FROM days)
ORDER BY day, outlet;
