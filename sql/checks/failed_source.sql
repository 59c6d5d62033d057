-- severity: warning
-- No source failed, or rests because it keeps failing.
SELECT day, source, outlet, problem FROM fetches
WHERE status IN ('failed', 'resting')
ORDER BY day, source, outlet;
