-- The tone of every article.
SELECT
    t.*,
    a.outlet,
    a.published_on,
    a.is_reprint,
    a.is_latest
FROM lake.tones AS t
LEFT JOIN articles AS a ON t.day = a.day AND t.article_id = a.article_id
ORDER BY t.day, t.article_id;
