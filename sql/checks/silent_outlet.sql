-- severity: warning
-- Every outlet of the configuration has an article somewhere in the warehouse.
SELECT outlet, name FROM outlets
WHERE is_configured AND outlet NOT IN (SELECT outlet FROM articles)
ORDER BY outlet;
