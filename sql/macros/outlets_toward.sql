-- How the own voice of each outlet treats an entity over a period, as it was read and corrected for the reader's
-- mistakes, with 95 % intervals over articles, reprints collapsed: FROM outlets_toward('Ana Novak'), or between two
-- days, FROM outlets_toward('Ana Novak', from_day := DATE '2026-01-05', until_day := DATE '2026-01-11').
-- Articles that name the entity only in passing are left out. Names, aliases and ids match, in any case.
CREATE MACRO outlets_toward(entity_called, from_day := DATE '0001-01-01', until_day := DATE '9999-12-31') AS TABLE
WITH scores AS (
    SELECT
        s.outlet,
        s.entity_id,
        e.name,
        s.reader,
        s.sentiment,
        try_cast(s.positive - s.negative AS DECIMAL(9, 6)) AS score,
        corrected(c.weights_first, s.negative, s.neutral, s.positive) AS true_negative,
        corrected(c.weights_neutral, s.negative, s.neutral, s.positive) AS true_neutral,
        corrected(c.weights_last, s.negative, s.neutral, s.positive) AS true_positive,
        corrected(c.weights_score, s.negative, s.neutral, s.positive) AS true_score
    FROM sentiments AS s
    INNER JOIN entities AS e ON s.entity_id = e.entity_id
    LEFT JOIN corrections AS c ON s.reader = c.reader AND c.reading = 'sentiment'
    WHERE
        s.is_latest
        AND NOT s.is_reprint
        AND NOT s.is_passing
        AND (is_called(e.name, e.aliases, entity_called) OR lower(e.entity_id) = lower(entity_called))
        AND s.published_on BETWEEN from_day AND until_day
),

sums AS (
    SELECT
        outlet,
        entity_id,
        name,
        max(reader) AS reader,
        count(*) AS n,
        count(*) FILTER (WHERE sentiment = 'negative') AS negative,
        count(*) FILTER (WHERE sentiment = 'neutral') AS neutral,
        count(*) FILTER (WHERE sentiment = 'positive') AS positive,
        count(*) FILTER (WHERE sentiment IS NULL) AS abstained,
        sum(score) AS total,
        sum(score * score) AS squares,
        sum(true_negative)::DOUBLE / n AS first_share,
        sum(true_neutral)::DOUBLE / n AS neutral_share,
        sum(true_positive)::DOUBLE / n AS last_share,
        sum(true_score) AS total_score,
        sum(true_score * true_score) AS squares_score
    FROM scores
    GROUP BY outlet, entity_id, name
)

SELECT
    sums.outlet,
    sums.name,
    sums.n AS articles_unique,
    sums.negative,
    sums.neutral,
    sums.positive,
    sums.abstained,
    sums.total::DOUBLE / sums.n AS sentiment_mean,
    mean_low(sums.n, sums.total, sums.squares, sums.n) AS sentiment_mean_low,
    mean_high(sums.n, sums.total, sums.squares, sums.n) AS sentiment_mean_high,
    within(sums.total_score::DOUBLE / sums.n, -1, 1) AS sentiment_corrected,
    corrected_low(
        sums.n, sums.total_score, sums.squares_score,
        corrected_variance(c.variances_score, sums.first_share, sums.neutral_share, sums.last_share), -1
    ) AS sentiment_corrected_low,
    corrected_high(
        sums.n, sums.total_score, sums.squares_score,
        corrected_variance(c.variances_score, sums.first_share, sums.neutral_share, sums.last_share), -1
    ) AS sentiment_corrected_high,
    sums.entity_id
FROM sums
LEFT JOIN corrections AS c ON sums.reader = c.reader AND c.reading = 'sentiment'
ORDER BY sentiment_mean, sums.outlet;
