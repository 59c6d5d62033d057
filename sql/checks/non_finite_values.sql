-- severity: blocking
-- Every score, share and interval is a finite number.
SELECT 'runs' AS of_table, count(*) AS rows FROM runs
WHERE NOT isfinite(seconds)
HAVING count(*) > 0
UNION ALL
SELECT 'eval_scores' AS of_table, count(*) AS rows FROM eval_scores
WHERE NOT isfinite(value)
HAVING count(*) > 0
UNION ALL
SELECT 'mentions' AS of_table, count(*) AS rows FROM mentions
WHERE NOT isfinite(probability + negative + neutral + positive)
HAVING count(*) > 0
UNION ALL
SELECT 'resolutions' AS of_table, count(*) AS rows FROM resolutions
WHERE NOT isfinite(probability)
HAVING count(*) > 0
UNION ALL
SELECT 'roles' AS of_table, count(*) AS rows FROM roles
WHERE NOT isfinite(probability)
HAVING count(*) > 0
UNION ALL
SELECT 'statements' AS of_table, count(*) AS rows FROM statements
WHERE NOT isfinite(probability + asserted + hedged + denied + withheld + asked)
HAVING count(*) > 0
UNION ALL
SELECT 'stances' AS of_table, count(*) AS rows FROM stances
WHERE NOT isfinite(against + neutral + favour)
HAVING count(*) > 0
UNION ALL
SELECT 'sentiments' AS of_table, count(*) AS rows FROM sentiments
WHERE NOT isfinite(
    negative
    + neutral
    + positive
    + mention_share
    + first_share
    + coalesce(headline_score, 0)
    + coalesce(lead_score, 0)
)
HAVING count(*) > 0
UNION ALL
SELECT 'tones' AS of_table, count(*) AS rows FROM tones
WHERE NOT isfinite(coalesce(tone, 0) + coalesce(tone_quoted, 0) + quoted_share)
HAVING count(*) > 0
UNION ALL
SELECT 'entity_sentiment_daily' AS of_table, count(*) AS rows FROM entity_sentiment_daily
WHERE NOT isfinite(
    coalesce(sentiment_mean, 0)
    + coalesce(sentiment_mean_low, 0)
    + coalesce(sentiment_mean_high, 0)
    + coalesce(sentiment_mean_unique, 0)
    + coalesce(sentiment_mean_unique_low, 0)
    + coalesce(sentiment_mean_unique_high, 0)
    + coalesce(sentiment_corrected, 0)
    + coalesce(sentiment_corrected_low, 0)
    + coalesce(sentiment_corrected_high, 0)
    + coalesce(negative_share, 0)
    + coalesce(negative_share_corrected, 0)
    + coalesce(negative_share_corrected_low, 0)
    + coalesce(negative_share_corrected_high, 0)
    + coalesce(positive_share, 0)
    + coalesce(positive_share_corrected, 0)
    + coalesce(positive_share_corrected_low, 0)
    + coalesce(positive_share_corrected_high, 0)
    + coalesce(headline_mean, 0)
    + coalesce(lead_mean, 0)
)
HAVING count(*) > 0
UNION ALL
SELECT 'stance_daily' AS of_table, count(*) AS rows FROM stance_daily
WHERE NOT isfinite(
    coalesce(stance_mean, 0)
    + coalesce(stance_mean_low, 0)
    + coalesce(stance_mean_high, 0)
    + coalesce(stance_mean_unique, 0)
    + coalesce(stance_mean_unique_low, 0)
    + coalesce(stance_mean_unique_high, 0)
    + coalesce(stance_corrected, 0)
    + coalesce(stance_corrected_low, 0)
    + coalesce(stance_corrected_high, 0)
    + coalesce(against_share, 0)
    + coalesce(against_share_corrected, 0)
    + coalesce(against_share_corrected_low, 0)
    + coalesce(against_share_corrected_high, 0)
    + coalesce(favour_share, 0)
    + coalesce(favour_share_corrected, 0)
    + coalesce(favour_share_corrected_low, 0)
    + coalesce(favour_share_corrected_high, 0)
)
HAVING count(*) > 0
UNION ALL
SELECT 'speaker_share_daily' AS of_table, count(*) AS rows FROM speaker_share_daily
WHERE NOT isfinite(
    coalesce(statement_share, 0)
    + coalesce(statement_share_low, 0)
    + coalesce(statement_share_high, 0)
    + coalesce(statement_share_unique, 0)
    + coalesce(statement_share_unique_low, 0)
    + coalesce(statement_share_unique_high, 0)
)
HAVING count(*) > 0
UNION ALL
SELECT 'co_mention_daily' AS of_table, count(*) AS rows FROM co_mention_daily
WHERE NOT isfinite(
    coalesce(together_share, 0)
    + coalesce(together_share_unique, 0)
    + coalesce(together_share_unique_low, 0)
    + coalesce(together_share_unique_high, 0)
)
HAVING count(*) > 0
UNION ALL
SELECT 'trending_daily' AS of_table, count(*) AS rows FROM trending_daily
WHERE NOT isfinite(
    coalesce(article_share, 0)
    + coalesce(article_share_unique, 0)
    + coalesce(article_share_unique_low, 0)
    + coalesce(article_share_unique_high, 0)
    + coalesce(before_share_unique, 0)
    + coalesce(change_unique, 0)
    + coalesce(change_unique_low, 0)
    + coalesce(change_unique_high, 0)
)
HAVING count(*) > 0
ORDER BY ALL;
