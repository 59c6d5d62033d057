-- One row per entity, under the id that stands for it now. Its name, type and Wikidata id are those that most of its
-- spans carry (first those that carry the id itself; ties: ABC order); counts and days are over the latest revision of
-- each article. Each revision is of one day, so the days' counts add up.
WITH names AS (
    SELECT
        n.* EXCLUDE (wikidata_id),
        coalesce(merges.current_id, n.lake_id) AS entity_id,
        merges.current_id IS NOT NULL AS is_merged,
        CASE
            WHEN merges.current_id IS NULL THEN n.wikidata_id
            WHEN regexp_full_match(merges.current_id, 'Q[0-9]+') THEN merges.current_id
        END AS wikidata_id
    FROM build.namings AS n
    LEFT JOIN merges ON n.lake_id = merges.old_id
    WHERE coalesce(merges.current_id, n.lake_id) IN (SELECT entity_id FROM lake.touched_entities)
),

labels AS (
    SELECT entity_id, name, type, wikidata_id
    FROM names
    GROUP BY entity_id, name, type, wikidata_id
    QUALIFY row_number() OVER (
        PARTITION BY entity_id
        ORDER BY bool_and(is_merged), sum(spans) DESC, name, type, wikidata_id NULLS LAST
    ) = 1
),

aliases AS (
    SELECT entity_id, list_sort(list(DISTINCT words)) AS aliases
    FROM names
    WHERE words IS NOT NULL
    GROUP BY entity_id
),

old AS (
    SELECT current_id, list_sort(list(old_id)) AS old_ids
    FROM merges
    GROUP BY current_id
),

counts AS (
    SELECT
        entity_id,
        min(first_on) AS first_on,
        max(last_on) AS last_on,
        sum(articles)::BIGINT AS articles,
        sum(articles_unique)::BIGINT AS articles_unique,
        sum(mentions)::BIGINT AS mentions
    FROM build.entity_days
    WHERE entity_id IN (SELECT entity_id FROM lake.touched_entities)
    GROUP BY entity_id
)

SELECT
    labels.entity_id,
    labels.name,
    labels.type,
    labels.wikidata_id,
    coalesce(aliases.aliases, []) AS aliases,
    coalesce(old.old_ids, []) AS old_ids,
    counts.first_on,
    counts.last_on,
    counts.articles,
    counts.articles_unique,
    counts.mentions
FROM labels
INNER JOIN counts ON labels.entity_id = counts.entity_id
LEFT JOIN aliases ON labels.entity_id = aliases.entity_id
LEFT JOIN old ON labels.entity_id = old.current_id
ORDER BY labels.entity_id;
