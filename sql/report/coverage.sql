-- What the runs of the four weeks to the day brought from each outlet.
SELECT
    o.name AS outlet_name,
    c.outlet,
    c.day,
    c.status,
    c.is_gap,
    c.reason,
    c.articles,
    c.articles_unique,
    c.articles_unread,
    c.articles_refused
FROM outlet_coverage_daily AS c
INNER JOIN outlets AS o ON c.outlet = o.outlet
WHERE c.day BETWEEN $day - 27 AND $day
ORDER BY o.name, c.outlet, c.day;
