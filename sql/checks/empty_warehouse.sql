-- severity: blocking
-- The configuration names an outlet and the lake holds a day: else its address is wrong, or nothing was ever run.
SELECT 'no outlet in the configuration' AS problem
WHERE NOT EXISTS (FROM outlets WHERE is_configured)
UNION ALL
SELECT 'no day in the lake' AS problem
WHERE NOT EXISTS (FROM days);
