-- The words in which each of some holders took sides on each of some issues in the week to the day, clearest first.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY target_id, holder_id, holder
            ORDER BY is_reprint, abs(favour - against) DESC, stance_id
        ) AS place
    FROM stances
    WHERE
        is_latest
        AND target_kind = 'issue'
        AND list_contains($issue_ids, target_id)
        AND list_contains($holder_ids, holder_id)
        AND published_on BETWEEN $day - 6 AND $day
    QUALIFY place <= 3
)

SELECT
    s.target_id AS issue_id,
    s.holder_id,
    s.holder,
    s.published_on,
    s.outlet,
    a.title,
    a.url,
    substring(a.body, greatest(s.evidence_start - 299, 1), least(s.evidence_start, 300)) AS before,
    s.evidence AS words,
    substring(a.body, s.evidence_end + 1, 300) AS after,
    s.favour - s.against AS score,
    NULL::VARCHAR AS speaker
FROM ranked AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
ORDER BY s.target_id, s.holder_id, s.holder, s.place;
