-- What each of some speakers said in the week to the day, the day's first.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY speaker_id
            ORDER BY published_on = $day DESC, is_reprint, kind, len(text) DESC, article_id, statement_id
        ) AS place
    FROM statements
    WHERE is_latest AND list_contains($speaker_ids, speaker_id) AND published_on BETWEEN $day - 6 AND $day
    QUALIFY place <= 5
)

SELECT
    s.speaker_id,
    s.published_on,
    s.outlet,
    a.title,
    a.url,
    '' AS before,
    s.text AS words,
    '' AS after,
    NULL::FLOAT AS score,
    NULL::VARCHAR AS speaker
FROM ranked AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
ORDER BY s.speaker_id, s.place;
