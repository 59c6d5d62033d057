-- severity: warning
-- Every outlet of the configuration gave an article in the last seven days of runs.
SELECT o.outlet, o.name, max(c.day) AS last_article_on
FROM outlets AS o
LEFT JOIN outlet_coverage_daily AS c ON o.outlet = c.outlet AND NOT c.is_gap
WHERE o.is_configured
GROUP BY o.outlet, o.name
HAVING last_article_on IS NULL OR last_article_on < (SELECT min(day) FROM (FROM days ORDER BY day DESC LIMIT 7))
ORDER BY o.outlet;
