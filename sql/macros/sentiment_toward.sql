-- How each outlet's own voice treats an entity, day by day: FROM sentiment_toward('Ana Novak'), or between two days,
-- FROM sentiment_toward('Ana Novak', from_day := DATE '2026-01-05', until_day := DATE '2026-01-11').
-- Names, aliases and ids match, in any case.
CREATE MACRO sentiment_toward(entity_called, from_day := DATE '0001-01-01', until_day := DATE '9999-12-31') AS TABLE
SELECT d.*
FROM entity_sentiment_daily AS d
INNER JOIN entities AS e ON d.entity_id = e.entity_id
WHERE
    (is_called(e.name, e.aliases, entity_called) OR lower(e.entity_id) = lower(entity_called))
    AND d.day BETWEEN from_day AND until_day
ORDER BY d.day, d.outlet, d.entity_id;
