-- Every span that refers to an entity, as the stage resolved it, under the id that stands for the entity now.
SELECT
    e.day,
    e.article_id,
    e.start,
    e."end",
    coalesce(merges.current_id, e.entity_id) AS entity_id,
    names.name,
    names.type,
    names.wikidata_id,
    e.method,
    e.is_metonym,
    e.is_modifier,
    e.probability,
    coalesce(others.current_id, e.runner_up_id) AS runner_up_id,
    substring(a.body, e.start + 1, e."end" - e.start) AS text,
    a.outlet,
    a.published_on,
    a.is_reprint,
    a.is_latest
FROM lake.entities AS e
LEFT JOIN merges ON e.entity_id = merges.old_id
LEFT JOIN merges AS others ON e.runner_up_id = others.old_id
LEFT JOIN entities AS names ON coalesce(merges.current_id, e.entity_id) = names.entity_id
LEFT JOIN articles AS a ON e.day = a.day AND e.article_id = a.article_id
ORDER BY e.day, e.article_id, e.start, e."end";
