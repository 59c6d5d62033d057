-- How each outlet's own voice treats an entity, day by day: FROM sentiment_toward('Ana Novak').
-- Names and aliases match, in any case.
CREATE MACRO sentiment_toward(entity_called) AS TABLE
SELECT d.*
FROM entity_sentiment_daily AS d
INNER JOIN entities AS e ON d.entity_id = e.entity_id
WHERE is_called(e.name, e.aliases, entity_called)
ORDER BY d.day, d.outlet, d.entity_id;
