-- One row per entity. Its name, type and Wikidata id are those that most of its spans carry (ties: ABC order); counts
-- and days are over the latest revision of each article.
WITH spans AS (
    SELECT
        e.*,
        coalesce(m.text, s.speaker) AS text,
        m.text IS NOT NULL AS is_mention,
        a.published_on,
        a.is_reprint,
        a.is_latest
    FROM lake.entities AS e
    LEFT JOIN articles AS a ON e.day = a.day AND e.article_id = a.article_id
    LEFT JOIN lake.mentions AS m
        ON e.day = m.day AND e.article_id = m.article_id AND e.start = m.start AND e."end" = m."end"
    LEFT JOIN (
        SELECT DISTINCT day, article_id, speaker_start, speaker_end, speaker FROM lake.statements
    ) AS s
        ON e.day = s.day AND e.article_id = s.article_id AND e.start = s.speaker_start AND e."end" = s.speaker_end
),

labels AS (
    SELECT entity_id, name, type, wikidata_id
    FROM spans
    GROUP BY entity_id, name, type, wikidata_id
    QUALIFY row_number() OVER (
        PARTITION BY entity_id
        ORDER BY count(*) DESC, name, type, wikidata_id NULLS LAST
    ) = 1
),

counts AS (
    SELECT
        entity_id,
        coalesce(
            list_sort(list_distinct(list(text) FILTER (WHERE text IS NOT NULL AND method <> 'pronoun'))), []
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
    counts.first_on,
    counts.last_on,
    counts.articles,
    counts.articles_unique,
    counts.mentions
FROM labels
INNER JOIN counts ON labels.entity_id = counts.entity_id
ORDER BY labels.entity_id;
