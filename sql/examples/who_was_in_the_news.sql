-- Who was in the news on the last day, and is that more than in the week before?
-- A change whose interval lies above 0 is a rise that chance does not explain.
SELECT
    name,
    articles,
    articles_unique,
    round(article_share_unique, 2) AS share_of_the_day,
    round(before_share_unique, 2) AS share_before,
    round(change_unique_low, 2) AS change_low,
    round(change_unique_high, 2) AS change_high
FROM trending_daily
WHERE day = (SELECT max(day) FROM trending_daily) AND type IN ('PER', 'ORG')
ORDER BY articles_unique DESC, rank
LIMIT 20;
