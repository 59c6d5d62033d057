-- Who gets quoted, where. Grain: day of publication, outlet, named speaker.
-- The share is of all statements that the outlet printed that day; statements without a resolved speaker are the
-- abstentions: they count below the line and in outlet_statements_unnamed. Intervals: Wilson, 95 %, over articles:
-- statements of one article are not independent, so n is the effective number of articles, (sum of x)² / sum of x²
-- with x the statements of an article (Kish 1965, Survey Sampling, section 8.2).
WITH per_article AS (
    SELECT
        published_on,
        outlet,
        article_id,
        is_reprint,
        count(*) AS statements,
        count(*) FILTER (WHERE speaker_id IS NULL) AS unnamed
    FROM statements
    WHERE is_latest
    GROUP BY published_on, outlet, article_id, is_reprint
),

outlet_days AS (
    SELECT
        published_on,
        outlet,
        sum(statements)::BIGINT AS statements,
        coalesce(sum(statements) FILTER (WHERE NOT is_reprint), 0)::BIGINT AS statements_unique,
        sum(unnamed)::BIGINT AS unnamed,
        sum(statements)::DOUBLE ** 2 / sum(statements * statements) AS n,
        (sum(statements) FILTER (WHERE NOT is_reprint))::DOUBLE ** 2
        / sum(statements * statements) FILTER (WHERE NOT is_reprint) AS n_unique
    FROM per_article
    GROUP BY published_on, outlet
),

speakers AS (
    SELECT
        published_on,
        outlet,
        speaker_id,
        count(DISTINCT article_id) AS articles,
        count(DISTINCT article_id) FILTER (WHERE NOT is_reprint) AS articles_unique,
        count(*) AS statements,
        count(*) FILTER (WHERE NOT is_reprint) AS statements_unique
    FROM statements
    WHERE is_latest AND speaker_id IS NOT NULL
    GROUP BY published_on, outlet, speaker_id
),

shares AS (
    SELECT
        speakers.*,
        outlet_days.statements AS outlet_statements,
        outlet_days.statements_unique AS outlet_statements_unique,
        outlet_days.unnamed,
        outlet_days.n,
        outlet_days.n_unique,
        speakers.statements / outlet_days.statements AS share,
        speakers.statements_unique / nullif(outlet_days.statements_unique, 0) AS share_unique
    FROM speakers
    INNER JOIN outlet_days
        ON speakers.published_on = outlet_days.published_on AND speakers.outlet = outlet_days.outlet
)

SELECT
    shares.published_on AS day,
    shares.outlet,
    shares.speaker_id,
    entities.name AS speaker,
    shares.articles,
    shares.articles_unique,
    shares.statements,
    shares.statements_unique,
    shares.outlet_statements,
    shares.outlet_statements_unique,
    shares.unnamed AS outlet_statements_unnamed,
    shares.share AS statement_share,
    wilson_low(shares.share, shares.n) AS statement_share_low,
    wilson_high(shares.share, shares.n) AS statement_share_high,
    shares.share_unique AS statement_share_unique,
    wilson_low(shares.share_unique, shares.n_unique) AS statement_share_unique_low,
    wilson_high(shares.share_unique, shares.n_unique) AS statement_share_unique_high
FROM shares
LEFT JOIN entities ON shares.speaker_id = entities.entity_id
ORDER BY shares.published_on, shares.outlet, shares.speaker_id;
