-- severity: blocking
-- The offsets of a stance's evidence cut its words out of the body.
SELECT
    s.day,
    s.stance_id,
    s.evidence,
    substring(a.body, s.evidence_start + 1, s.evidence_end - s.evidence_start) AS found
FROM lake.stances AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE substring(a.body, s.evidence_start + 1, s.evidence_end - s.evidence_start) <> s.evidence
ORDER BY ALL;
