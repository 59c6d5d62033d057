-- The sentiment of every article toward every entity in it.
SELECT s.*, a.outlet, a.published_on, a.is_reprint, a.is_latest
FROM lake.sentiments AS s
LEFT JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
ORDER BY s.day, s.article_id, s.entity_id;
