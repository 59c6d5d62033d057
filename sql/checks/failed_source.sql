-- severity: warning
-- No source failed.
SELECT day, source, outlet, problem FROM fetches
WHERE status = 'failed'
ORDER BY day, source, outlet;
