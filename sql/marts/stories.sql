-- The stories and who printed them. Grain: story. The first printing is the earliest article of the latest revisions
-- that is no reprint. Every printing is counted, none is sampled, so there is no interval; nothing is judged here.
SELECT
    story_id,
    min({'r': is_reprint, 'at': published_at, 'id': article_id, 'it': published_on}).it AS day,
    min({'r': is_reprint, 'at': published_at, 'id': article_id, 'it': title}).it AS title,
    min({'r': is_reprint, 'at': published_at, 'id': article_id, 'it': outlet}).it AS first_outlet,
    min({'r': is_reprint, 'at': published_at}).at AS first_published_at,
    max(published_at) AS last_published_at,
    count(*) AS articles,
    count(*) FILTER (WHERE NOT is_reprint) AS articles_unique,
    list_sort(list_distinct(list(outlet))) AS outlets
FROM articles
WHERE is_latest
GROUP BY story_id
ORDER BY story_id;
