-- severity: blocking
-- The first span of a sentiment is a mention of its entity in the outlet's own voice.
SELECT s.day, s.article_id, s.entity_id, s.first_start, s.first_end
FROM sentiments AS s
ANTI JOIN mentions AS m
    ON
        s.day = m.day
        AND s.article_id = m.article_id
        AND s.entity_id = m.entity_id
        AND s.first_start = m.start
        AND s.first_end = m."end"
        AND m.statement_id IS NULL
ORDER BY ALL;
