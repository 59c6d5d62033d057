-- Articles that name each of some entities, day by day over the four weeks to the day, reprints counted once.
SELECT entity_id, day, articles_unique
FROM trending_daily
WHERE day BETWEEN $day - 27 AND $day AND list_contains($entity_ids, entity_id)
ORDER BY entity_id, day;
