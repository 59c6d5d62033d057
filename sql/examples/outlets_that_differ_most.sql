-- On which people do two outlets differ most, each in its own voice, over the last four weeks?
-- A difference whose interval lies above 0 is one that chance does not explain. Margins add as squares.
WITH scores AS (
    SELECT s.entity_id, s.name, s.outlet, a.story_id, (s.positive - s.negative)::DECIMAL(9, 6) AS score
    FROM sentiments AS s
    INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
    WHERE s.is_latest AND NOT s.is_reprint AND s.type = 'PER' AND s.published_on > (SELECT max(day) - 28 FROM days)
),

means AS (
    SELECT
        entity_id,
        name,
        outlet,
        count(*) AS articles,
        avg(score) AS mean,
        mean_margin(count(*), sum(score), sum(score * score), count(DISTINCT story_id)) AS margin
    FROM scores
    GROUP BY entity_id, name, outlet
    HAVING count(DISTINCT story_id) > 1
)

SELECT
    kind.name,
    kind.outlet AS kinder,
    harsh.outlet AS harsher,
    round(kind.mean, 2) AS sentiment_kinder,
    round(harsh.mean, 2) AS sentiment_harsher,
    round(kind.mean - harsh.mean, 2) AS difference,
    round(kind.mean - harsh.mean - sqrt(kind.margin ** 2 + harsh.margin ** 2), 2) AS difference_low,
    round(kind.mean - harsh.mean + sqrt(kind.margin ** 2 + harsh.margin ** 2), 2) AS difference_high,
    kind.articles + harsh.articles AS articles
FROM means AS kind
INNER JOIN means AS harsh ON kind.entity_id = harsh.entity_id AND kind.mean > harsh.mean
ORDER BY difference_low DESC, difference DESC, kind.name, kinder, harsher
LIMIT 20;
