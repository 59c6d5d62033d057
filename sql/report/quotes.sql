-- What one speaker said in the week to the day, the day's first.
SELECT
    s.published_on,
    s.outlet,
    a.title,
    a.url,
    '' AS before,
    s.text AS words,
    '' AS after,
    NULL::FLOAT AS score,
    NULL::VARCHAR AS speaker
FROM statements AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE s.is_latest AND s.speaker_id = $speaker_id AND s.published_on BETWEEN $day - 6 AND $day
ORDER BY s.published_on = $day DESC, s.is_reprint, s.kind, len(s.text) DESC, s.article_id, s.statement_id
LIMIT 5;
