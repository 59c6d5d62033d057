-- What each day calls each entity, under the ids of the lake: from these rows `entities` is counted without reading all
-- spans of all days again. Descriptions, pronouns and speakers' heads are no names: they have no words here.
SELECT
    e.day,
    e.entity_id AS lake_id,
    e.name,
    e.type,
    e.wikidata_id,
    CASE
        WHEN e.method NOT IN ('pronoun', 'description', 'speaker')
            THEN substring(a.body, e.start + 1, e."end" - e.start)
    END AS words,
    count(*) AS spans
FROM lake.entities AS e
LEFT JOIN articles AS a ON e.day = a.day AND e.article_id = a.article_id
GROUP BY ALL
ORDER BY ALL;
