-- How much of each day speaks of an entity, with the change against the week before: FROM trend('Ana Novak').
-- Names, aliases and ids match, in any case.
CREATE MACRO trend(entity_called) AS TABLE
SELECT t.*
FROM trending_daily AS t
INNER JOIN entities AS e ON t.entity_id = e.entity_id
WHERE is_called(e.name, e.aliases, entity_called) OR lower(e.entity_id) = lower(entity_called)
ORDER BY t.day, t.entity_id;
