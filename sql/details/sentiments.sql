-- The sentiment of every article toward every entity in it, under the id that stands for the entity now. Where two ids
-- of an article turned out to be one, theirs is the mean over the mentions of both, as if they had been one all along.
WITH renamed AS (
    SELECT s.* REPLACE (coalesce(merges.current_id, s.entity_id) AS entity_id), s.entity_id AS old_id
    FROM lake.sentiments AS s
    LEFT JOIN merges ON s.entity_id = merges.old_id
),

joined AS (
    SELECT
        day,
        article_id,
        entity_id,
        min_by(name, first_start) AS name,
        min_by(type, first_start) AS type,
        CASE WHEN count(*) = 1 THEN any_value(negative) ELSE sum(negative * mentions) / sum(mentions) END::FLOAT
            AS negative,
        CASE WHEN count(*) = 1 THEN any_value(neutral) ELSE sum(neutral * mentions) / sum(mentions) END::FLOAT
            AS neutral,
        CASE WHEN count(*) = 1 THEN any_value(positive) ELSE sum(positive * mentions) / sum(mentions) END::FLOAT
            AS positive,
        count(*) = 1 AS is_one,
        any_value(sentiment) AS sentiment,
        sum(mentions)::BIGINT AS mentions,
        sum(mentions_quoted)::BIGINT AS mentions_quoted,
        sum(mention_share)::FLOAT AS mention_share,
        sum(headline_mentions)::BIGINT AS headline_mentions,
        (sum(headline_score * headline_mentions) / nullif(sum(headline_mentions), 0))::FLOAT AS headline_score,
        sum(lead_mentions)::BIGINT AS lead_mentions,
        (sum(lead_score * lead_mentions) / nullif(sum(lead_mentions), 0))::FLOAT AS lead_score,
        min(first_share) AS first_share,
        bool_and(is_passing) AND sum(mention_share) < 0.1 AS is_passing,
        min(first_start) AS first_start,
        min_by(first_end, first_start) AS first_end,
        min_by(reader, first_start) AS reader
    FROM renamed
    GROUP BY day, article_id, entity_id
)

SELECT
    s.day,
    s.article_id,
    s.entity_id,
    s.name,
    s.type,
    s.negative,
    s.neutral,
    s.positive,
    CASE
        WHEN s.is_one THEN s.sentiment
        WHEN greatest(s.negative, s.neutral, s.positive) < 0.5 THEN NULL
        WHEN s.negative >= greatest(s.neutral, s.positive) THEN 'negative'
        WHEN s.positive >= s.neutral THEN 'positive'
        ELSE 'neutral'
    END AS sentiment,
    s.mentions,
    s.mentions_quoted,
    s.mention_share,
    s.headline_mentions,
    s.headline_score,
    s.lead_mentions,
    s.lead_score,
    s.first_start,
    s.first_end,
    s.first_share,
    s.is_passing,
    s.reader,
    a.outlet,
    a.published_on,
    a.is_reprint,
    a.is_latest
FROM joined AS s
LEFT JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
ORDER BY s.day, s.article_id, s.entity_id;
