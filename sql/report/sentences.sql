-- The sentences that name each of some entities in the week to the day: one an article, the day's and the clearest
-- first. With $is_own they are those of each outlet's own voice, outlet by outlet, and of articles
-- that name them otherwise than in passing.
WITH named AS (
    SELECT *, positive - negative AS score, CASE WHEN $is_own THEN outlet END AS of_outlet
    FROM mentions
    WHERE
        is_latest
        AND list_contains($entity_ids, entity_id)
        AND published_on BETWEEN $day - 6 AND $day
        AND (
            NOT $is_own
            OR (
                statement_id IS NULL
                AND (day, article_id, entity_id) IN (
                    SELECT (day, article_id, entity_id) FROM sentiments WHERE NOT is_passing
                )
            )
        )
    QUALIFY row_number() OVER (PARTITION BY entity_id, article_id ORDER BY abs(positive - negative) DESC, start) = 1
),

ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY entity_id, of_outlet
            ORDER BY published_on = $day DESC, is_reprint, abs(score) DESC, article_id
        ) AS place
    FROM named
    QUALIFY place <= CASE WHEN $is_own THEN 3 ELSE 5 END
)

SELECT
    m.entity_id,
    m.of_outlet,
    m.published_on,
    m.outlet,
    a.title,
    a.url,
    substring(a.body, greatest(m.start - 299, 1), least(m.start, 300)) AS before,
    m.text AS words,
    substring(a.body, m."end" + 1, 300) AS after,
    m.score,
    coalesce(s.speaker_name, s.speaker) AS speaker
FROM ranked AS m
INNER JOIN articles AS a ON m.day = a.day AND m.article_id = a.article_id
LEFT JOIN statements AS s ON m.day = s.day AND m.article_id = s.article_id AND m.statement_id = s.statement_id
ORDER BY m.entity_id, m.of_outlet, m.place;
