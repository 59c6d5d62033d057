-- Who appears with whom, and how much more often than apart? The edges of the network of the last four weeks.
SELECT
    name_a,
    name_b,
    sum(articles_unique) AS articles_together,
    sum(articles_either_unique) AS articles_either,
    round(sum(articles_unique) / sum(articles_either_unique), 2) AS together_share
FROM co_mention_daily
WHERE articles_either_unique > 0 AND day > (SELECT max(day) - 28 FROM days)
GROUP BY entity_a, entity_b, name_a, name_b
ORDER BY articles_together DESC, together_share DESC, name_a, name_b
LIMIT 20;
