-- Which sentences are behind a number? The mentions behind one outlet's sentiment toward one person, clearest first.
WITH number AS (
    SELECT day, outlet, entity_id
    FROM entity_sentiment_daily
    WHERE type = 'PER' AND day > (SELECT max(day) - 28 FROM days)
    ORDER BY articles DESC, abs(sentiment_mean) DESC, day, outlet, entity_id
    LIMIT 1
)

SELECT
    m.published_on,
    m.outlet,
    m.name,
    round(m.positive - m.negative, 2) AS score,
    substring(a.body, greatest(m.start - 79, 1), least(m.start, 80)) AS before,
    m.text AS mention,
    substring(a.body, m."end" + 1, 80) AS after,
    a.url
FROM number AS n
INNER JOIN mentions AS m ON n.day = m.published_on AND n.outlet = m.outlet AND n.entity_id = m.entity_id
INNER JOIN articles AS a ON m.day = a.day AND m.article_id = a.article_id
WHERE m.is_latest AND m.statement_id IS NULL
ORDER BY abs(m.positive - m.negative) DESC, m.article_id, m.start
LIMIT 10;
