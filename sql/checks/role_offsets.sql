-- severity: blocking
-- The offsets of a role cut its words out of the body.
SELECT r.day, r.article_id, r.start, r."end", r.role, substring(a.body, r.start + 1, r."end" - r.start) AS found
FROM lake.roles AS r
INNER JOIN articles AS a ON r.day = a.day AND r.article_id = a.article_id
WHERE substring(a.body, r.start + 1, r."end" - r.start) <> r.role
ORDER BY ALL;
