-- What the page is made from: the day, and the week to it.
SELECT
    count(*) FILTER (WHERE published_on = $day) AS articles,
    count(*) FILTER (WHERE published_on = $day AND NOT is_reprint) AS articles_unique,
    count(DISTINCT outlet) FILTER (WHERE published_on = $day) AS outlets,
    count(*) AS week_articles,
    count(*) FILTER (WHERE NOT is_reprint) AS week_articles_unique,
    count(DISTINCT outlet) AS week_outlets
FROM articles
WHERE is_latest AND published_on BETWEEN $day - 6 AND $day;
