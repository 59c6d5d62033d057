-- severity: blocking
-- The offsets of a mention cut its words out of the body.
SELECT m.day, m.article_id, m.start, m."end", m.text, substring(a.body, m.start + 1, m."end" - m.start) AS found
FROM lake.mentions AS m
INNER JOIN articles AS a ON m.day = a.day AND m.article_id = a.article_id
WHERE substring(a.body, m.start + 1, m."end" - m.start) <> m.text
ORDER BY ALL;
