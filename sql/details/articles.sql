-- Every article of every day, with the story that it tells; the latest day's row of an article_id is its latest
-- revision, and every revision is of the story that the latest tells.
WITH latest AS (
    SELECT article_id, max(day) AS day
    FROM lake.articles
    GROUP BY article_id
)

SELECT
    a.*,
    coalesce(p.story_id, a.article_id) AS story_id,
    p.reprint_of IS NOT NULL AS is_reprint,
    p.reprint_of,
    a.day = latest.day AS is_latest
FROM lake.articles AS a
INNER JOIN latest ON a.article_id = latest.article_id
LEFT JOIN lake.printings AS p ON a.article_id = p.article_id
ORDER BY a.day, a.article_id;
