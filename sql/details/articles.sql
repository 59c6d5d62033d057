-- Every article of every day; the latest day's row of an article_id is its latest revision.
WITH latest AS (
    SELECT article_id, max(day) AS day
    FROM lake.articles
    GROUP BY article_id
)

SELECT a.*, a.day = latest.day AS is_latest
FROM lake.articles AS a
INNER JOIN latest ON a.article_id = latest.article_id
ORDER BY a.day, a.article_id;
