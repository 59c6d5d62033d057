-- severity: blocking
-- What a row refers to is there: its article, its statement, its entity, its issue, its story.
SELECT 'mentions' AS of_table, 'article' AS lacks, m.day, m.article_id
FROM lake.mentions AS m
ANTI JOIN articles AS a ON m.day = a.day AND m.article_id = a.article_id
UNION ALL
SELECT 'statements' AS of_table, 'article' AS lacks, s.day, s.article_id
FROM lake.statements AS s
ANTI JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
UNION ALL
SELECT 'entities' AS of_table, 'article' AS lacks, e.day, e.article_id
FROM lake.entities AS e
ANTI JOIN articles AS a ON e.day = a.day AND e.article_id = a.article_id
UNION ALL
SELECT 'roles' AS of_table, 'article' AS lacks, r.day, r.article_id
FROM lake.roles AS r
ANTI JOIN articles AS a ON r.day = a.day AND r.article_id = a.article_id
UNION ALL
SELECT 'roles' AS of_table, 'entity ' || r.entity_id AS lacks, r.day, r.article_id
FROM roles AS r
ANTI JOIN entities AS e ON r.entity_id = e.entity_id
UNION ALL
SELECT 'stances' AS of_table, 'article' AS lacks, s.day, s.article_id
FROM lake.stances AS s
ANTI JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
UNION ALL
SELECT 'sentiments' AS of_table, 'article' AS lacks, s.day, s.article_id
FROM lake.sentiments AS s
ANTI JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
UNION ALL
SELECT 'tones' AS of_table, 'article' AS lacks, t.day, t.article_id
FROM lake.tones AS t
ANTI JOIN articles AS a ON t.day = a.day AND t.article_id = a.article_id
UNION ALL
SELECT 'mentions' AS of_table, 'statement ' || m.statement_id AS lacks, m.day, m.article_id
FROM mentions AS m
ANTI JOIN statements AS s ON m.day = s.day AND m.article_id = s.article_id AND m.statement_id = s.statement_id
WHERE m.statement_id IS NOT NULL
UNION ALL
SELECT 'stances' AS of_table, 'statement ' || st.statement_id AS lacks, st.day, st.article_id
FROM stances AS st
ANTI JOIN statements AS s ON st.day = s.day AND st.article_id = s.article_id AND st.statement_id = s.statement_id
UNION ALL
SELECT 'stances' AS of_table, 'holder ' || s.holder_id AS lacks, s.day, s.article_id
FROM stances AS s
ANTI JOIN entities AS e ON s.holder_id = e.entity_id
WHERE s.holder_id IS NOT NULL
UNION ALL
SELECT 'stances' AS of_table, 'target ' || s.target_id AS lacks, s.day, s.article_id
FROM stances AS s
ANTI JOIN entities AS e ON s.target_id = e.entity_id
WHERE s.target_kind = 'entity'
UNION ALL
SELECT 'sentiments' AS of_table, 'entity ' || s.entity_id AS lacks, s.day, s.article_id
FROM sentiments AS s
ANTI JOIN entities AS e ON s.entity_id = e.entity_id
ORDER BY ALL;
