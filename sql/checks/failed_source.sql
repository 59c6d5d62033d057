-- severity: warning
-- No source failed, or rests because it keeps failing, in the last four weeks.
SELECT day, source, outlet, problem FROM fetches
WHERE status IN ('failed', 'resting') AND day > (SELECT max(day) - 28 FROM days)
ORDER BY day, source, outlet;
