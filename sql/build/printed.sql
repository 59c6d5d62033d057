-- Every article of every day as the lake tells it now: which revision is the latest, and which story they are of. Days
-- that have not changed are known from the file that is brought up to date.
WITH every AS (
    SELECT day, article_id FROM articles
    WHERE day NOT IN (SELECT day FROM lake.changed)
    UNION ALL
    SELECT day, article_id FROM lake.articles
)

SELECT
    every.day,
    every.article_id,
    coalesce(p.story_id, every.article_id) AS story_id,
    p.reprint_of,
    every.day = max(every.day) OVER (PARTITION BY every.article_id) AS is_latest
FROM every
LEFT JOIN lake.printings AS p ON every.article_id = p.article_id;
