-- The sentences behind one stance: what was said, with 200 characters before and after, and where it was printed.
-- FROM evidence((SELECT clearest_stance_id FROM stance_daily LIMIT 1)).
CREATE MACRO evidence(wanted_stance_id) AS TABLE
SELECT
    s.published_on,
    s.outlet,
    a.title,
    a.url,
    s.holder,
    s.target,
    s.stance,
    s.against,
    s.neutral,
    s.favour,
    substring(a.body, greatest(s.evidence_start - 199, 1), least(s.evidence_start, 200)) AS before,
    s.evidence,
    substring(a.body, s.evidence_end + 1, 200) AS after,
    s.article_id,
    s.reader
FROM stances AS s
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE s.is_latest AND s.stance_id = wanted_stance_id;
