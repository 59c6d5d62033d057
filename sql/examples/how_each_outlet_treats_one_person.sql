-- How does each outlet's own voice treat the people that most is written about in the last four weeks?
-- Over a longer span the mean and its interval are made anew from the articles; never average the daily means.
WITH scores AS (
    SELECT s.name, s.outlet, a.story_id, (s.positive - s.negative)::DECIMAL(9, 6) AS score
    FROM sentiments AS s
    INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
    WHERE s.is_latest AND NOT s.is_reprint AND s.type = 'PER' AND s.published_on > (SELECT max(day) - 28 FROM days)
),

top AS (
    SELECT name
    FROM scores
    GROUP BY name
    ORDER BY count(*) DESC, name
    LIMIT 5
)

SELECT
    name,
    outlet,
    count(*) AS articles,
    round(avg(score), 2) AS sentiment,
    round(mean_low(count(*), sum(score), sum(score * score), count(DISTINCT story_id)), 2) AS low,
    round(mean_high(count(*), sum(score), sum(score * score), count(DISTINCT story_id)), 2) AS high
FROM scores
WHERE name IN (FROM top)
GROUP BY name, outlet
ORDER BY name, sentiment;
