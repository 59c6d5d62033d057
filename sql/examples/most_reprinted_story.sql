-- Which texts of the last four weeks were copied most, who copied them, and how soon?
SELECT
    source.published_on,
    source.outlet AS first_outlet,
    source.title,
    count(*) AS copies,
    list_sort(list_distinct(list(copy.outlet))) AS copied_by,
    round(date_diff('minute', source.published_at, min(copy.published_at)) / 60, 1) AS hours_to_first_copy
FROM articles AS copy
INNER JOIN articles AS source ON copy.reprint_of = source.article_id AND source.is_latest
WHERE copy.is_latest AND copy.is_reprint AND copy.published_on > (SELECT max(day) - 28 FROM days)
GROUP BY source.article_id, source.published_on, source.outlet, source.title, source.published_at
ORDER BY copies DESC, source.published_on DESC, source.article_id
LIMIT 10;
