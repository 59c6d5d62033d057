-- severity: blocking
-- No key is there twice.
SELECT 'days' AS of_table, concat_ws(' ', day) AS key, count(*) AS n
FROM days
GROUP BY day
HAVING count(*) > 1
UNION ALL
SELECT 'outlets' AS of_table, concat_ws(' ', outlet) AS key, count(*) AS n
FROM outlets
GROUP BY outlet
HAVING count(*) > 1
UNION ALL
SELECT 'issues' AS of_table, concat_ws(' ', issue_id) AS key, count(*) AS n
FROM issues
GROUP BY issue_id
HAVING count(*) > 1
UNION ALL
SELECT 'fetches' AS of_table, concat_ws(' ', day, source, outlet) AS key, count(*) AS n
FROM fetches
GROUP BY day, source, outlet
HAVING count(*) > 1
UNION ALL
SELECT 'runs' AS of_table, concat_ws(' ', day, stage, shard) AS key, count(*) AS n
FROM runs
GROUP BY day, stage, shard
HAVING count(*) > 1
UNION ALL
SELECT 'eval_scores' AS of_table, concat_ws(' ', reading, dataset, split, metric, reader) AS key, count(*) AS n
FROM eval_scores
GROUP BY reading, dataset, split, metric, reader
HAVING count(*) > 1
UNION ALL
SELECT 'corrections' AS of_table, concat_ws(' ', reading, reader) AS key, count(*) AS n
FROM corrections
GROUP BY reading, reader
HAVING count(*) > 1
UNION ALL
SELECT 'quarantine' AS of_table, concat_ws(' ', day, raw_id) AS key, count(*) AS n
FROM quarantine
GROUP BY day, raw_id
HAVING count(*) > 1
UNION ALL
SELECT 'articles' AS of_table, concat_ws(' ', day, article_id) AS key, count(*) AS n
FROM articles
GROUP BY day, article_id
HAVING count(*) > 1
UNION ALL
SELECT 'entities' AS of_table, concat_ws(' ', entity_id) AS key, count(*) AS n
FROM entities
GROUP BY entity_id
HAVING count(*) > 1
UNION ALL
SELECT 'merges' AS of_table, old_id AS key, count(*) AS n
FROM merges
GROUP BY old_id
HAVING count(*) > 1
UNION ALL
SELECT 'resolutions' AS of_table, concat_ws(' ', day, article_id, start, "end") AS key, count(*) AS n
FROM resolutions
GROUP BY day, article_id, start, "end"
HAVING count(*) > 1
UNION ALL
SELECT 'roles' AS of_table, concat_ws(' ', day, article_id, start, "end", entity_id) AS key, count(*) AS n
FROM roles
GROUP BY day, article_id, start, "end", entity_id
HAVING count(*) > 1
UNION ALL
SELECT 'mentions' AS of_table, concat_ws(' ', day, article_id, start, "end") AS key, count(*) AS n
FROM mentions
GROUP BY day, article_id, start, "end"
HAVING count(*) > 1
UNION ALL
SELECT 'statements' AS of_table, concat_ws(' ', day, article_id, statement_id) AS key, count(*) AS n
FROM statements
GROUP BY day, article_id, statement_id
HAVING count(*) > 1
UNION ALL
SELECT 'stances' AS of_table, concat_ws(' ', day, stance_id) AS key, count(*) AS n
FROM stances
GROUP BY day, stance_id
HAVING count(*) > 1
UNION ALL
SELECT 'sentiments' AS of_table, concat_ws(' ', day, article_id, entity_id) AS key, count(*) AS n
FROM sentiments
GROUP BY day, article_id, entity_id
HAVING count(*) > 1
UNION ALL
SELECT 'tones' AS of_table, concat_ws(' ', day, article_id) AS key, count(*) AS n
FROM tones
GROUP BY day, article_id
HAVING count(*) > 1
UNION ALL
SELECT 'entity_sentiment_daily' AS of_table, concat_ws(' ', day, outlet, entity_id) AS key, count(*) AS n
FROM entity_sentiment_daily
GROUP BY day, outlet, entity_id
HAVING count(*) > 1
UNION ALL
SELECT 'stance_daily' AS of_table, concat_ws(' ', day, holder_id, holder, target_kind, target_id) AS key, count(*) AS n
FROM stance_daily
GROUP BY day, holder_id, holder, target_kind, target_id
HAVING count(*) > 1
UNION ALL
SELECT 'speaker_share_daily' AS of_table, concat_ws(' ', day, outlet, speaker_id) AS key, count(*) AS n
FROM speaker_share_daily
GROUP BY day, outlet, speaker_id
HAVING count(*) > 1
UNION ALL
SELECT 'outlet_coverage_daily' AS of_table, concat_ws(' ', day, outlet) AS key, count(*) AS n
FROM outlet_coverage_daily
GROUP BY day, outlet
HAVING count(*) > 1
UNION ALL
SELECT 'co_mention_daily' AS of_table, concat_ws(' ', day, entity_a, entity_b) AS key, count(*) AS n
FROM co_mention_daily
GROUP BY day, entity_a, entity_b
HAVING count(*) > 1
UNION ALL
SELECT 'stories' AS of_table, concat_ws(' ', story_id) AS key, count(*) AS n
FROM stories
GROUP BY story_id
HAVING count(*) > 1
UNION ALL
SELECT 'trending_daily' AS of_table, concat_ws(' ', day, entity_id) AS key, count(*) AS n
FROM trending_daily
GROUP BY day, entity_id
HAVING count(*) > 1
ORDER BY ALL;
