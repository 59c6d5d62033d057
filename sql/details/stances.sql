-- Every stance, with its evidence, under the ids that stand for holder and target now. Nobody has a stance toward
-- themselves, so one toward an id that turned out to be the holder's is left out.
SELECT
    s.* REPLACE (
        coalesce(holders.current_id, s.holder_id) AS holder_id,
        CASE WHEN s.target_kind = 'entity' THEN coalesce(targets.current_id, s.target_id) ELSE s.target_id END
            AS target_id
    ),
    a.outlet,
    a.published_on,
    a.is_reprint,
    a.is_latest
FROM lake.stances AS s
LEFT JOIN merges AS holders ON s.holder_id = holders.old_id
LEFT JOIN merges AS targets ON s.target_id = targets.old_id AND s.target_kind = 'entity'
LEFT JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE s.target_kind <> 'entity' OR coalesce(holders.current_id, s.holder_id)
    IS DISTINCT FROM coalesce(targets.current_id, s.target_id)
ORDER BY s.day, s.stance_id;
