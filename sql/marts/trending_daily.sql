-- How much of the day speaks of each entity, against the seven days before. Grain: day of publication, entity.
-- Shares are of the articles in which the reader found any mention; mentions that were not resolved are its abstentions
-- (`mentions.entity_id` null). Intervals: Wilson, 95 %, over articles with reprints collapsed, for copies are no
-- independent evidence; for the change, the difference of two shares with Wilson ends (Newcombe 1998, method 10).
-- rank 1 is the rise that is surest, not the largest.
WITH named AS (
    SELECT DISTINCT published_on AS day, article_id, is_reprint, entity_id
    FROM mentions
    WHERE is_latest
),

totals AS (
    SELECT
        day,
        count(DISTINCT article_id) AS articles,
        count(DISTINCT article_id) FILTER (WHERE NOT is_reprint) AS articles_unique
    FROM named
    GROUP BY day
),

day_counts AS (
    SELECT
        *,
        coalesce(sum(articles_unique) OVER week_before, 0)::BIGINT AS before_articles_unique
    FROM totals
    WINDOW week_before AS (
        ORDER BY day RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING
    )
),

counts AS (
    SELECT day, entity_id, count(*) AS articles, count(*) FILTER (WHERE NOT is_reprint) AS articles_unique
    FROM named
    WHERE entity_id IS NOT NULL
    GROUP BY day, entity_id
),

entity_counts AS (
    SELECT
        *,
        coalesce(sum(articles_unique) OVER week_before, 0)::BIGINT AS before_articles_unique
    FROM counts
    WINDOW week_before AS (
        PARTITION BY entity_id
        ORDER BY day RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING
    )
),

shares AS (
    SELECT
        e.*,
        d.articles AS day_articles,
        d.articles_unique AS day_articles_unique,
        d.before_articles_unique AS before_day_articles_unique,
        e.articles / d.articles AS share,
        e.articles_unique / nullif(d.articles_unique, 0) AS share_unique,
        e.before_articles_unique / nullif(d.before_articles_unique, 0) AS before_share
    FROM entity_counts AS e
    INNER JOIN day_counts AS d ON e.day = d.day
),

ends AS (
    SELECT
        *,
        wilson_low(share_unique, day_articles_unique) AS share_low,
        wilson_high(share_unique, day_articles_unique) AS share_high,
        wilson_low(before_share, before_day_articles_unique) AS before_low,
        wilson_high(before_share, before_day_articles_unique) AS before_high
    FROM shares
),

changes AS (
    SELECT
        *,
        share_unique - before_share AS change,
        share_unique - before_share
        - sqrt((share_unique - share_low) ** 2 + (before_high - before_share) ** 2) AS change_low,
        share_unique - before_share
        + sqrt((share_high - share_unique) ** 2 + (before_share - before_low) ** 2) AS change_high
    FROM ends
)

SELECT
    changes.day,
    changes.entity_id,
    entities.name,
    entities.type,
    changes.articles,
    changes.articles_unique,
    changes.day_articles,
    changes.day_articles_unique,
    changes.share AS article_share,
    changes.share_unique AS article_share_unique,
    changes.share_low AS article_share_unique_low,
    changes.share_high AS article_share_unique_high,
    changes.before_articles_unique,
    changes.before_day_articles_unique,
    changes.before_share AS before_share_unique,
    changes.change AS change_unique,
    changes.change_low AS change_unique_low,
    changes.change_high AS change_unique_high,
    row_number() OVER (
        PARTITION BY changes.day
        ORDER BY
            changes.change_low DESC NULLS LAST,
            changes.articles_unique DESC,
            changes.articles DESC,
            changes.entity_id
    ) AS rank
FROM changes
LEFT JOIN entities ON changes.entity_id = entities.entity_id
ORDER BY changes.day, changes.entity_id;
