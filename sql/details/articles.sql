-- Every article of every day, with the story that it tells; the latest day's row of an article_id is its latest
-- revision, and every revision is of the story that the latest tells.
SELECT
    a.*,
    p.story_id,
    p.reprint_of IS NOT NULL AS is_reprint,
    p.reprint_of,
    p.is_latest
FROM lake.articles AS a
INNER JOIN lake.printed AS p ON a.day = p.day AND a.article_id = p.article_id
ORDER BY a.day, a.article_id;
