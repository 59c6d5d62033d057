-- Every id that turned out to be another's, with the spans that carry it; one row per old id.
SELECT
    m.old_id,
    m.entity_id,
    m.merged_on,
    m.reason,
    m.source,
    m.current_id,
    (SELECT count(*) FROM lake.entities AS e WHERE e.entity_id = m.old_id) AS spans
FROM lake.merges AS m
ORDER BY m.old_id;
