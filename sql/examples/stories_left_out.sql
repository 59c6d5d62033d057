-- Which stories of the last four weeks did most outlets print, and one not?
-- Only outlets count that printed something else within a day of it: where nothing came at all, the hole is in what was
-- fetched, and `what_is_missing` tells of it.
WITH big AS (
    SELECT story_id, day, title, outlets, articles
    FROM stories
    WHERE
        day > (SELECT max(day) - 28 FROM days)
        AND len(outlets) > 1
        AND len(outlets) >= (SELECT count(*) / 2 FROM outlets WHERE is_configured)
),

awake AS (
    SELECT DISTINCT outlet, published_on
    FROM articles
    WHERE is_latest AND published_on > (SELECT max(day) - 29 FROM days)
)

SELECT DISTINCT awake.outlet AS left_out_by, big.day, big.title, len(big.outlets) AS outlets, big.articles, big.story_id
FROM big
INNER JOIN awake
    ON awake.published_on BETWEEN big.day - 1 AND big.day + 1 AND NOT list_contains(big.outlets, awake.outlet)
ORDER BY outlets DESC, big.articles DESC, big.day DESC, big.story_id, left_out_by
LIMIT 30;
