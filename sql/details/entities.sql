-- One row per entity, under the id that stands for it now. Its name, type and Wikidata id are those that most of its
-- spans carry (first those that carry the id itself; ties: ABC order); counts and days are over the latest revision of
-- each article.
WITH spans AS (
    SELECT
        e.* EXCLUDE (entity_id, wikidata_id),
        coalesce(merges.current_id, e.entity_id) AS entity_id,
        merges.current_id IS NOT NULL AS is_merged,
        CASE
            WHEN merges.current_id IS NULL THEN e.wikidata_id
            WHEN regexp_full_match(merges.current_id, 'Q[0-9]+') THEN merges.current_id
        END AS wikidata_id,
        substring(a.body, e.start + 1, e."end" - e.start) AS text,
        m.text IS NOT NULL AS is_mention,
        a.published_on,
        a.is_reprint,
        a.is_latest
    FROM lake.entities AS e
    LEFT JOIN merges ON e.entity_id = merges.old_id
    LEFT JOIN articles AS a ON e.day = a.day AND e.article_id = a.article_id
    LEFT JOIN lake.mentions AS m
        ON e.day = m.day AND e.article_id = m.article_id AND e.start = m.start AND e."end" = m."end"
),

labels AS (
    SELECT entity_id, name, type, wikidata_id
    FROM spans
    GROUP BY entity_id, name, type, wikidata_id
    QUALIFY row_number() OVER (
        PARTITION BY entity_id
        ORDER BY bool_and(is_merged), count(*) DESC, name, type, wikidata_id NULLS LAST
    ) = 1
),

old AS (
    SELECT current_id, list_sort(list(old_id)) AS old_ids
    FROM merges
    GROUP BY current_id
),

counts AS (
    SELECT
        entity_id,
        coalesce(
            list_sort(list_distinct(list(text) FILTER (WHERE method NOT IN ('pronoun', 'description', 'speaker')))), []
        ) AS aliases,
        min(published_on) FILTER (WHERE is_latest) AS first_on,
        max(published_on) FILTER (WHERE is_latest) AS last_on,
        count(DISTINCT article_id) FILTER (WHERE is_latest) AS articles,
        count(DISTINCT article_id) FILTER (WHERE is_latest AND NOT is_reprint) AS articles_unique,
        count(*) FILTER (WHERE is_latest AND is_mention) AS mentions
    FROM spans
    GROUP BY entity_id
)

SELECT
    labels.entity_id,
    labels.name,
    labels.type,
    labels.wikidata_id,
    counts.aliases,
    coalesce(old.old_ids, []) AS old_ids,
    counts.first_on,
    counts.last_on,
    counts.articles,
    counts.articles_unique,
    counts.mentions
FROM labels
INNER JOIN counts ON labels.entity_id = counts.entity_id
LEFT JOIN old ON labels.entity_id = old.current_id
ORDER BY labels.entity_id;
