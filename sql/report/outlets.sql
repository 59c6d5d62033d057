-- How each outlet's own voice treats those whom the most outlets, then articles, of the week to the day speak of
-- otherwise than in passing.
WITH scores AS (
    SELECT
        s.entity_id,
        s.outlet,
        a.story_id,
        s.sentiment IS NULL AS is_abstention,
        try_cast(s.positive - s.negative AS DECIMAL(9, 6)) AS score
    FROM sentiments AS s
    INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
    WHERE s.is_latest AND NOT s.is_passing AND s.type IN ('PER', 'ORG') AND s.published_on BETWEEN $day - 6 AND $day
),

top AS (
    SELECT entity_id, row_number() OVER (ORDER BY count(DISTINCT outlet) DESC, count(*) DESC, entity_id) AS place
    FROM scores
    GROUP BY entity_id
    QUALIFY place <= 6
)

SELECT
    top.place,
    top.entity_id,
    e.name,
    scores.outlet,
    o.name AS outlet_name,
    count(*) AS articles,
    count(*) FILTER (WHERE scores.is_abstention) AS abstained,
    avg(scores.score) AS mean,
    mean_low(count(*), sum(scores.score), sum(scores.score * scores.score), count(DISTINCT scores.story_id)) AS low,
    mean_high(count(*), sum(scores.score), sum(scores.score * scores.score), count(DISTINCT scores.story_id)) AS high
FROM top
INNER JOIN scores ON top.entity_id = scores.entity_id
INNER JOIN entities AS e ON top.entity_id = e.entity_id
INNER JOIN outlets AS o ON scores.outlet = o.outlet
GROUP BY top.place, top.entity_id, e.name, scores.outlet, o.name
QUALIFY row_number() OVER (PARTITION BY top.place ORDER BY count(*) DESC, scores.outlet) <= 12
ORDER BY top.place, mean DESC, scores.outlet;
