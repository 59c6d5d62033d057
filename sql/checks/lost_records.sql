-- severity: blocking
-- Every raw record of a finished day is in articles or in quarantine, once.
WITH kept AS (
    SELECT day, raw_id FROM articles
    UNION ALL
    SELECT day, raw_id FROM quarantine
)

SELECT raw.day, raw.raw_id, raw.source, raw.outlet, count(kept.raw_id) AS kept
FROM lake.raw AS raw
INNER JOIN days ON raw.day = days.day
LEFT JOIN kept ON raw.day = kept.day AND raw.raw_id = kept.raw_id
WHERE days.is_finished
GROUP BY raw.day, raw.raw_id, raw.source, raw.outlet
HAVING count(kept.raw_id) <> 1
ORDER BY ALL;
