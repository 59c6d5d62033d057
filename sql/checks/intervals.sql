-- severity: blocking
-- An interval holds its point.
SELECT 'entity_sentiment_daily' AS of_table, concat_ws(' ', day, outlet, entity_id) AS key FROM entity_sentiment_daily
WHERE
    sentiment_mean NOT BETWEEN sentiment_mean_low AND sentiment_mean_high
    OR sentiment_mean_unique NOT BETWEEN sentiment_mean_unique_low AND sentiment_mean_unique_high
    OR sentiment_corrected NOT BETWEEN sentiment_corrected_low AND sentiment_corrected_high
    OR negative_share_corrected NOT BETWEEN negative_share_corrected_low AND negative_share_corrected_high
    OR positive_share_corrected NOT BETWEEN positive_share_corrected_low AND positive_share_corrected_high
UNION ALL
SELECT 'stance_daily' AS of_table, concat_ws(' ', day, holder, target_kind, target_id) AS key FROM stance_daily
WHERE
    stance_mean NOT BETWEEN stance_mean_low AND stance_mean_high
    OR stance_mean_unique NOT BETWEEN stance_mean_unique_low AND stance_mean_unique_high
    OR stance_corrected NOT BETWEEN stance_corrected_low AND stance_corrected_high
    OR against_share_corrected NOT BETWEEN against_share_corrected_low AND against_share_corrected_high
    OR favour_share_corrected NOT BETWEEN favour_share_corrected_low AND favour_share_corrected_high
UNION ALL
SELECT 'speaker_share_daily' AS of_table, concat_ws(' ', day, outlet, speaker_id) AS key FROM speaker_share_daily
WHERE
    statement_share NOT BETWEEN statement_share_low AND statement_share_high
    OR statement_share_unique NOT BETWEEN statement_share_unique_low AND statement_share_unique_high
UNION ALL
SELECT 'co_mention_daily' AS of_table, concat_ws(' ', day, entity_a, entity_b) AS key FROM co_mention_daily
WHERE
    together_share_unique NOT BETWEEN together_share_unique_low AND together_share_unique_high
UNION ALL
SELECT 'trending_daily' AS of_table, concat_ws(' ', day, entity_id) AS key FROM trending_daily
WHERE
    article_share_unique NOT BETWEEN article_share_unique_low AND article_share_unique_high
    OR change_unique NOT BETWEEN change_unique_low AND change_unique_high
ORDER BY ALL;
