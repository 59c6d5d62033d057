-- The stories and who printed them. Grain: story. The first printing is the earliest article of the latest revisions
-- that is no reprint. Every printing is counted, none is sampled, so there is no interval; nothing is judged here.
-- A story has the id of its first printing; where a later day brought an earlier one, `former_ids` says what it was.
WITH first_seen AS (
    SELECT article_id, min(day) AS first_day, min(published_at) AS first_at
    FROM articles
    GROUP BY article_id
),

printings AS (
    SELECT
        a.*,
        min({'r': a.is_reprint, 'at': s.first_at, 'by': a.outlet, 'id': a.article_id})
            OVER (PARTITION BY a.story_id ORDER BY s.first_day).id AS id_then
    FROM articles AS a
    INNER JOIN first_seen AS s ON a.article_id = s.article_id
    WHERE a.is_latest
)

SELECT
    story_id,
    min({'r': is_reprint, 'at': published_at, 'id': article_id, 'it': published_on}).it AS day,
    min({'r': is_reprint, 'at': published_at, 'id': article_id, 'it': title}).it AS title,
    min({'r': is_reprint, 'at': published_at, 'id': article_id, 'it': outlet}).it AS first_outlet,
    min({'r': is_reprint, 'at': published_at}).at AS first_published_at,
    max(published_at) AS last_published_at,
    count(*) AS articles,
    count(*) FILTER (WHERE NOT is_reprint) AS articles_unique,
    list_sort(list_distinct(list(outlet))) AS outlets,
    coalesce(list(DISTINCT id_then ORDER BY id_then) FILTER (WHERE id_then <> story_id), []) AS former_ids
FROM printings
GROUP BY story_id
ORDER BY story_id;
