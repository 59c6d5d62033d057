-- severity: warning
-- The newest run brought as many articles as the four weeks before it let expect: of each outlet, and of all together.
-- Square roots of counts spread alike whatever their size, by ½ where chance alone is at work (Poisson); three such
-- spreads off, or three of the outlet's own where that is more, is no chance. Fewer than 14 days are no measure.
WITH counts AS (
    SELECT day, coalesce(outlet, 'all outlets') AS outlet, sum(articles) AS articles, sqrt(sum(articles)) AS size
    FROM outlet_coverage_daily
    WHERE day >= (SELECT max(day) - 28 FROM days)
    GROUP BY GROUPING SETS ((day, outlet), (day))
),

expected AS (
    SELECT outlet, avg(size) AS size, greatest(stddev_samp(size), 0.5) AS spread
    FROM counts
    WHERE day < (SELECT max(day) FROM days)
    GROUP BY outlet
    HAVING count(*) >= 14
)

SELECT
    c.day,
    c.outlet,
    c.articles::BIGINT AS articles,
    round(greatest(e.size - 3 * e.spread, 0) ** 2)::BIGINT AS at_least,
    round((e.size + 3 * e.spread) ** 2)::BIGINT AS at_most
FROM counts AS c
INNER JOIN expected AS e ON c.outlet = e.outlet
WHERE c.day = (SELECT max(day) FROM days) AND abs(c.size - e.size) > 3 * e.spread
ORDER BY c.outlet;
