-- How each outlet's own voice treats each entity. Grain: day of publication, outlet, entity.
-- The score of an article is P(positive) - P(negative), the mean over its own-voice mentions (`sentiments`);
-- abstentions keep their score, which is near 0, and are counted apart. Intervals: Student's t, 95 %, cut to -1 … 1.
-- Copies are no independent evidence: reprints collapsed, each article is a draw; else each story is, and one draw
-- leaves the whole scale open. Scores are summed as decimals, so that the sum does not depend on the order of the rows.
WITH scores AS (
    SELECT
        sentiments.*,
        articles.story_id,
        try_cast(sentiments.positive - sentiments.negative AS DECIMAL(9, 6)) AS score
    FROM sentiments
    INNER JOIN articles ON sentiments.day = articles.day AND sentiments.article_id = articles.article_id
    WHERE sentiments.is_latest
),

sums AS (
    SELECT
        published_on AS day,
        outlet,
        entity_id,
        count(*) AS articles,
        count(*) FILTER (WHERE NOT is_reprint) AS articles_unique,
        count(*) FILTER (WHERE sentiment = 'negative') AS articles_negative,
        count(*) FILTER (WHERE sentiment = 'neutral') AS articles_neutral,
        count(*) FILTER (WHERE sentiment = 'positive') AS articles_positive,
        count(*) FILTER (WHERE sentiment IS NULL) AS articles_abstained,
        sum(mentions)::BIGINT AS mentions,
        sum(mentions_quoted)::BIGINT AS mentions_quoted,
        sum(score) AS total,
        sum(score * score) AS squares,
        count(DISTINCT story_id) AS stories,
        sum(score) FILTER (WHERE NOT is_reprint) AS total_unique,
        sum(score * score) FILTER (WHERE NOT is_reprint) AS squares_unique
    FROM scores
    GROUP BY published_on, outlet, entity_id
)

SELECT
    sums.day,
    sums.outlet,
    sums.entity_id,
    entities.name,
    entities.type,
    sums.articles,
    sums.articles_unique,
    sums.articles_negative,
    sums.articles_neutral,
    sums.articles_positive,
    sums.articles_abstained,
    sums.mentions,
    sums.mentions_quoted,
    sums.total::DOUBLE / sums.articles AS sentiment_mean,
    mean_low(sums.articles, sums.total, sums.squares, sums.stories) AS sentiment_mean_low,
    mean_high(sums.articles, sums.total, sums.squares, sums.stories) AS sentiment_mean_high,
    sums.total_unique::DOUBLE / sums.articles_unique AS sentiment_mean_unique,
    mean_low(sums.articles_unique, sums.total_unique, sums.squares_unique, sums.articles_unique)
        AS sentiment_mean_unique_low,
    mean_high(sums.articles_unique, sums.total_unique, sums.squares_unique, sums.articles_unique)
        AS sentiment_mean_unique_high
FROM sums
LEFT JOIN entities ON sums.entity_id = entities.entity_id
ORDER BY sums.day, sums.outlet, sums.entity_id;
