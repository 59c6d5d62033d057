-- severity: blocking
-- A reader that finds mentions in a language finds some on every day of three or more articles in it: one that found no
-- mention is broken; go back to the weights before (STANDPOINT_READER) and run those days again.
WITH readable AS (
    SELECT DISTINCT articles.language
    FROM articles
    INNER JOIN tones ON articles.day = tones.day AND articles.article_id = tones.article_id
    WHERE tones.mentions + tones.mentions_quoted > 0
)

SELECT day, count(*) AS articles
FROM articles
WHERE language IN (SELECT language FROM readable)
    AND day NOT IN (SELECT day FROM mentions)
GROUP BY day
HAVING count(*) >= 3
ORDER BY day;
