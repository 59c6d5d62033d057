-- How each outlet's own voice treats each entity. Grain: day of publication, outlet, entity.
-- The score of an article is P(positive) - P(negative), the mean over its own-voice mentions (`sentiments`);
-- abstentions keep their score and are counted apart. Intervals: Student's t, 95 %, cut to -1 … 1.
-- Copies are no independent evidence: reprints collapsed, each article is a draw; else each story is, and one draw
-- leaves the whole scale open. Scores are summed as decimals, so that the sum does not depend on the order of the rows.
-- Beside what was read stands what is likely behind it, given how the reader mixes the classes up (`corrections`).
WITH scores AS (
    SELECT
        sentiments.*,
        articles.story_id,
        try_cast(sentiments.positive - sentiments.negative AS DECIMAL(9, 6)) AS score,
        try_cast(sentiments.headline_score AS DECIMAL(9, 6)) AS headline,
        try_cast(sentiments.lead_score AS DECIMAL(9, 6)) AS lead,
        corrected(c.weights_first, sentiments.negative, sentiments.neutral, sentiments.positive) AS true_negative,
        corrected(c.weights_neutral, sentiments.negative, sentiments.neutral, sentiments.positive) AS true_neutral,
        corrected(c.weights_last, sentiments.negative, sentiments.neutral, sentiments.positive) AS true_positive,
        corrected(c.weights_score, sentiments.negative, sentiments.neutral, sentiments.positive) AS true_score
    FROM sentiments
    INNER JOIN articles ON sentiments.day = articles.day AND sentiments.article_id = articles.article_id
    LEFT JOIN corrections AS c ON sentiments.reader = c.reader AND c.reading = 'sentiment'
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
        sum(score * score) FILTER (WHERE NOT is_reprint) AS squares_unique,
        max(reader) AS reader,
        count(*) FILTER (WHERE NOT is_reprint AND sentiment = 'negative') AS unique_negative,
        count(*) FILTER (WHERE NOT is_reprint AND sentiment = 'positive') AS unique_positive,
        sum(true_negative) FILTER (WHERE NOT is_reprint) AS total_negative,
        sum(true_negative * true_negative) FILTER (WHERE NOT is_reprint) AS squares_negative,
        sum(true_neutral) FILTER (WHERE NOT is_reprint) AS total_neutral,
        sum(true_positive) FILTER (WHERE NOT is_reprint) AS total_positive,
        sum(true_positive * true_positive) FILTER (WHERE NOT is_reprint) AS squares_positive,
        sum(true_score) FILTER (WHERE NOT is_reprint) AS total_score,
        sum(true_score * true_score) FILTER (WHERE NOT is_reprint) AS squares_score,
        count(headline) FILTER (WHERE NOT is_reprint) AS headlines,
        sum(headline) FILTER (WHERE NOT is_reprint) AS total_headline,
        count(lead) FILTER (WHERE NOT is_reprint) AS leads,
        sum(lead) FILTER (WHERE NOT is_reprint) AS total_lead
    FROM scores
    GROUP BY published_on, outlet, entity_id
),

shares AS (
    SELECT
        sums.*,
        nullif(articles_unique, 0) AS n,
        total_negative::DOUBLE / n AS first_share,
        total_neutral::DOUBLE / n AS neutral_share,
        total_positive::DOUBLE / n AS last_share,
        corrected_variance(c.variances_first, first_share, neutral_share, last_share) AS added_negative,
        corrected_variance(c.variances_last, first_share, neutral_share, last_share) AS added_positive,
        corrected_variance(c.variances_score, first_share, neutral_share, last_share) AS added_score
    FROM sums
    LEFT JOIN corrections AS c ON sums.reader = c.reader AND c.reading = 'sentiment'
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
        AS sentiment_mean_unique_high,
    within(sums.total_score::DOUBLE / sums.n, -1, 1) AS sentiment_corrected,
    corrected_low(sums.n, sums.total_score, sums.squares_score, sums.added_score, -1) AS sentiment_corrected_low,
    corrected_high(sums.n, sums.total_score, sums.squares_score, sums.added_score, -1) AS sentiment_corrected_high,
    sums.unique_negative / sums.n AS negative_share,
    within(sums.first_share, 0, 1) AS negative_share_corrected,
    corrected_low(sums.n, sums.total_negative, sums.squares_negative, sums.added_negative, 0)
        AS negative_share_corrected_low,
    corrected_high(sums.n, sums.total_negative, sums.squares_negative, sums.added_negative, 0)
        AS negative_share_corrected_high,
    sums.unique_positive / sums.n AS positive_share,
    within(sums.last_share, 0, 1) AS positive_share_corrected,
    corrected_low(sums.n, sums.total_positive, sums.squares_positive, sums.added_positive, 0)
        AS positive_share_corrected_low,
    corrected_high(sums.n, sums.total_positive, sums.squares_positive, sums.added_positive, 0)
        AS positive_share_corrected_high,
    sums.headlines,
    sums.total_headline::DOUBLE / sums.headlines AS headline_mean,
    sums.leads,
    sums.total_lead::DOUBLE / sums.leads AS lead_mean
FROM shares AS sums
LEFT JOIN entities ON sums.entity_id = entities.entity_id
ORDER BY sums.day, sums.outlet, sums.entity_id;
