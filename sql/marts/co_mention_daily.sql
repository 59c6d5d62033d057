-- Who appears with whom. Grain: day of publication, pair of entities (entity_a < entity_b) that share at least two
-- articles: pairs seen once are most of all pairs, and one article says little about company.
-- The share is Jaccard's: articles with both / articles with either. Interval: Wilson, 95 %, over the articles with
-- either, reprints collapsed, for copies are no independent evidence. Whoever speaks, a mention counts; nothing is
-- judged here, so there is nothing to abstain from.
WITH named AS (
    SELECT DISTINCT published_on AS day, article_id, is_reprint, entity_id
    FROM mentions
    WHERE is_latest AND entity_id IS NOT NULL
),

singles AS (
    SELECT day, entity_id, count(*) AS articles, count(*) FILTER (WHERE NOT is_reprint) AS articles_unique
    FROM named
    GROUP BY day, entity_id
    HAVING count(*) >= 2
),

recurring AS (
    SELECT named.*
    FROM named
    INNER JOIN singles ON named.day = singles.day AND named.entity_id = singles.entity_id
),

pairs AS (
    SELECT
        a.day,
        a.entity_id AS entity_a,
        b.entity_id AS entity_b,
        count(*) AS articles,
        count(*) FILTER (WHERE NOT a.is_reprint) AS articles_unique
    FROM recurring AS a
    INNER JOIN recurring AS b ON a.day = b.day AND a.article_id = b.article_id AND a.entity_id < b.entity_id
    GROUP BY a.day, a.entity_id, b.entity_id
    HAVING count(*) >= 2
),

shares AS (
    SELECT
        pairs.*,
        a.articles + b.articles - pairs.articles AS either,
        a.articles_unique + b.articles_unique - pairs.articles_unique AS either_unique
    FROM pairs
    INNER JOIN singles AS a ON pairs.day = a.day AND pairs.entity_a = a.entity_id
    INNER JOIN singles AS b ON pairs.day = b.day AND pairs.entity_b = b.entity_id
)

SELECT
    shares.day,
    shares.entity_a,
    shares.entity_b,
    names_a.name AS name_a,
    names_b.name AS name_b,
    shares.articles,
    shares.articles_unique,
    shares.either AS articles_either,
    shares.either_unique AS articles_either_unique,
    shares.articles / shares.either AS together_share,
    shares.articles_unique / nullif(shares.either_unique, 0) AS together_share_unique,
    wilson_low(shares.articles_unique / nullif(shares.either_unique, 0), shares.either_unique)
        AS together_share_unique_low,
    wilson_high(shares.articles_unique / nullif(shares.either_unique, 0), shares.either_unique)
        AS together_share_unique_high
FROM shares
LEFT JOIN entities AS names_a ON shares.entity_a = names_a.entity_id
LEFT JOIN entities AS names_b ON shares.entity_b = names_b.entity_id
ORDER BY shares.day, shares.entity_a, shares.entity_b;
