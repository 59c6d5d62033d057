-- How a holder stands toward a target (an entity or an issue), one row per statement, newest first:
-- FROM stance_of('Ana Novak', 'the harbour tunnel'). Names, aliases and ids match, in any case.
CREATE MACRO stance_of(holder_called, target_called) AS TABLE
SELECT
    s.published_on,
    s.outlet,
    s.holder,
    s.target,
    s.stance,
    s.against,
    s.neutral,
    s.favour,
    s.evidence,
    s.is_reprint,
    s.stance_id
FROM stances AS s
LEFT JOIN entities AS h ON s.holder_id = h.entity_id
LEFT JOIN entities AS t ON s.target_kind = 'entity' AND s.target_id = t.entity_id
LEFT JOIN issues AS i ON s.target_kind = 'issue' AND s.target_id = i.issue_id
WHERE
    s.is_latest
    AND (is_called(s.holder, h.aliases, holder_called) OR lower(h.name) = lower(holder_called))
    AND (
        lower(s.target_id) = lower(target_called)
        OR is_called(s.target, t.aliases, target_called)
        OR is_called(s.target, i.aliases, target_called)
    )
ORDER BY s.published_on DESC, s.stance_id;
