-- severity: warning
-- New weights of the reader judge as the old ones did: the mean sentiment of an article moved by no more than 0.05.
-- Their articles of the last eight weeks are compared, a mean over entities each; the interval of the difference has to
-- lie beyond 0.05, more than news alone moves it. Run the old days again with the new weights, or filter by `reader`.
WITH scores AS (
    SELECT reader, day, article_id, avg(positive - negative) AS score
    FROM sentiments
    WHERE is_latest AND NOT is_reprint AND day > (SELECT max(day) - 56 FROM days)
    GROUP BY reader, day, article_id
),

readers AS (
    SELECT
        reader,
        min(day) AS first_on,
        count(*) AS articles,
        avg(score) AS mean,
        mean_margin(count(*), sum(score), sum(score * score), count(*)) AS margin
    FROM scores
    GROUP BY reader
    HAVING count(*) > 1
)

SELECT
    new.reader,
    new.first_on,
    round(new.mean, 3) AS mean,
    new.articles,
    old.reader AS old_reader,
    round(old.mean, 3) AS old_mean,
    old.articles AS old_articles
FROM readers AS new
INNER JOIN readers AS old ON new.first_on > old.first_on
WHERE abs(new.mean - old.mean) - sqrt(new.margin ** 2 + old.margin ** 2) > 0.05
ORDER BY ALL;
