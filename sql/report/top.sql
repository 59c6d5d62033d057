-- The people and organisations that most articles of the day name, then of the week to it.
WITH week AS (
    SELECT
        entity_id,
        count(DISTINCT article_id) AS week_articles,
        count(DISTINCT article_id) FILTER (WHERE NOT is_reprint) AS week_articles_unique
    FROM mentions
    WHERE is_latest AND entity_id IS NOT NULL AND published_on BETWEEN $day - 6 AND $day
    GROUP BY entity_id
)

SELECT
    e.entity_id,
    e.name,
    e.type,
    coalesce(t.articles, 0) AS articles,
    coalesce(t.articles_unique, 0) AS articles_unique,
    w.week_articles,
    w.week_articles_unique,
    t.before_share_unique,
    t.article_share_unique,
    t.change_unique_low,
    t.change_unique_high
FROM week AS w
INNER JOIN entities AS e ON w.entity_id = e.entity_id
LEFT JOIN trending_daily AS t ON w.entity_id = t.entity_id AND t.day = $day
WHERE e.type IN ('PER', 'ORG')
QUALIFY row_number() OVER (
    PARTITION BY e.type
    ORDER BY t.articles_unique DESC NULLS LAST, w.week_articles_unique DESC, e.entity_id
) <= 8
ORDER BY e.type, t.articles_unique DESC NULLS LAST, w.week_articles_unique DESC, e.entity_id;
