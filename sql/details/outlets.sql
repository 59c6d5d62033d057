-- Every outlet of the configuration or of the lake; one row per outlet.
SELECT
    seen.outlet,
    coalesce(configured.name, seen.outlet) AS name,
    configured.outlet IS NOT NULL AS is_configured
FROM (
    SELECT outlet FROM lake.outlets
    UNION
    SELECT outlet FROM fetches
    UNION
    SELECT outlet FROM articles
) AS seen
LEFT JOIN lake.outlets AS configured ON seen.outlet = configured.outlet
ORDER BY seen.outlet;
