-- severity: warning
-- No two entities of one type have one name where one of them has no Wikidata id: they are most likely one, whose
-- figures are torn in two; say so in [[merges]], or name who is meant in [[entities]].
SELECT
    type,
    any_value(name) AS name,
    list_sort(list(entity_id)) AS entity_ids,
    sum(articles) AS articles
FROM entities
GROUP BY type, words_of(name)
HAVING count(*) > 1 AND bool_or(wikidata_id IS NULL)
ORDER BY articles DESC, name;
