-- How much each day speaks of each entity, in the latest revisions, under the id that stands for it now.
SELECT
    e.day,
    coalesce(merges.current_id, e.entity_id) AS entity_id,
    min(a.published_on) FILTER (WHERE a.is_latest) AS first_on,
    max(a.published_on) FILTER (WHERE a.is_latest) AS last_on,
    count(DISTINCT e.article_id) FILTER (WHERE a.is_latest) AS articles,
    count(DISTINCT e.article_id) FILTER (WHERE a.is_latest AND NOT a.is_reprint) AS articles_unique,
    count(m.text) FILTER (WHERE a.is_latest) AS mentions
FROM lake.entities AS e
LEFT JOIN merges ON e.entity_id = merges.old_id
LEFT JOIN articles AS a ON e.day = a.day AND e.article_id = a.article_id
LEFT JOIN lake.mentions AS m
    ON e.day = m.day AND e.article_id = m.article_id AND e.start = m.start AND e."end" = m."end"
GROUP BY ALL
ORDER BY ALL;
