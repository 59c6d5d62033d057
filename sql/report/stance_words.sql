-- The words in which one holder took sides on one issue in the week to the day, clearest first.
SELECT
    s.published_on,
    s.outlet,
    a.title,
    a.url,
    substring(a.body, greatest(s.evidence_start - 299, 1), least(s.evidence_start, 300)) AS before,
    s.evidence AS words,
    substring(a.body, s.evidence_end + 1, 300) AS after,
    s.favour - s.against AS score,
    NULL::VARCHAR AS speaker
FROM stances AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE
    s.is_latest
    AND s.target_kind = 'issue'
    AND s.target_id = $issue_id
    AND s.holder = $holder
    AND s.holder_id IS NOT DISTINCT FROM $holder_id
    AND s.published_on BETWEEN $day - 6 AND $day
ORDER BY s.is_reprint, abs(s.favour - s.against) DESC, s.stance_id
LIMIT 5;
