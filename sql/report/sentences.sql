-- The sentences that name an entity in the week to the day: one an article, the day's and the clearest first.
SELECT
    m.published_on,
    m.outlet,
    a.title,
    a.url,
    substring(a.body, greatest(m.start - 299, 1), least(m.start, 300)) AS before,
    m.text AS words,
    substring(a.body, m."end" + 1, 300) AS after,
    m.positive - m.negative AS score,
    coalesce(s.speaker_name, s.speaker) AS speaker
FROM mentions AS m
INNER JOIN articles AS a ON m.day = a.day AND m.article_id = a.article_id
LEFT JOIN statements AS s ON m.day = s.day AND m.article_id = s.article_id AND m.statement_id = s.statement_id
WHERE
    m.is_latest
    AND m.entity_id = $entity_id
    AND m.published_on BETWEEN $day - 6 AND $day
    AND ($outlet IS NULL OR (m.outlet = $outlet AND m.statement_id IS NULL))
QUALIFY row_number() OVER (PARTITION BY m.article_id ORDER BY abs(m.positive - m.negative) DESC, m.start) = 1
ORDER BY m.published_on = $day DESC, m.is_reprint, abs(m.positive - m.negative) DESC, m.article_id
LIMIT 5;
