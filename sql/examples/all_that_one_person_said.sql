-- What did one person say in the last four weeks? The inner query finds whom they quote most; for anybody else, by any
-- name or alias and over all days: FROM who_said('Smith').
SELECT s.published_on, s.outlet, s.kind, s.text, a.url
FROM statements AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE
    s.speaker_id = (
        SELECT speaker_id
        FROM speaker_share_daily
        WHERE day > (SELECT max(day) - 28 FROM days)
        GROUP BY speaker_id, speaker
        ORDER BY sum(statements) DESC, speaker
        LIMIT 1
    )
    AND s.is_latest
    AND NOT s.is_reprint
    AND s.published_on > (SELECT max(day) - 28 FROM days)
    AND a.published_on > (SELECT max(day) - 28 FROM days)
ORDER BY s.published_on DESC, s.article_id, s.statement_id
LIMIT 20;
