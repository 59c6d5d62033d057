-- Every mention, with the entity that it was resolved to.
SELECT
    m.*,
    names.entity_id,
    names.name,
    a.outlet,
    a.published_on,
    a.is_reprint,
    a.is_latest
FROM lake.mentions AS m
LEFT JOIN lake.entities AS e
    ON m.day = e.day AND m.article_id = e.article_id AND m.start = e.start AND m."end" = e."end"
LEFT JOIN merges ON e.entity_id = merges.old_id
LEFT JOIN entities AS names ON coalesce(merges.current_id, e.entity_id) = names.entity_id
LEFT JOIN articles AS a ON m.day = a.day AND m.article_id = a.article_id
ORDER BY m.day, m.article_id, m.start, m."end";
