-- Every id that turned out to be another's, with the spans that carry it; one row per old id.
SELECT
    m.old_id,
    m.entity_id,
    m.merged_on,
    m.reason,
    m.source,
    m.current_id,
    (SELECT coalesce(sum(n.spans), 0) FROM build.namings AS n WHERE n.lake_id = m.old_id)::BIGINT AS spans
FROM lake.merges AS m
ORDER BY m.old_id;
