-- Who appears with whom, and how much more often than apart? The edges of the network of the last four weeks, between
-- the hundred who are named in most articles. Counted in the articles: `co_mention_daily` knows of a pair only on days
-- on which it appears together, so that its days do not add up to how often one appears without the other.
WITH named AS (
    SELECT article_id, entity_id, any_value(name) AS name
    FROM mentions
    WHERE is_latest AND NOT is_reprint AND entity_id IS NOT NULL AND published_on > (SELECT max(day) - 28 FROM days)
    GROUP BY article_id, entity_id
),

often AS (
    SELECT
        entity_id,
        any_value(name) AS name,
        count(*) AS articles,
        row_number() OVER (ORDER BY count(*) DESC, entity_id) AS n
    FROM named
    GROUP BY entity_id
    ORDER BY articles DESC, entity_id
    LIMIT 100
),

appearances AS (
    SELECT named.article_id, often.n
    FROM named
    INNER JOIN often ON named.entity_id = often.entity_id
),

pairs AS (
    SELECT a.n AS n_a, b.n AS n_b, count(*) AS articles_together
    FROM appearances AS a
    INNER JOIN appearances AS b ON a.article_id = b.article_id AND a.n < b.n
    GROUP BY a.n, b.n
)

SELECT
    a.name AS name_a,
    b.name AS name_b,
    pairs.articles_together,
    a.articles + b.articles - pairs.articles_together AS articles_either,
    round(pairs.articles_together / articles_either, 2) AS together_share
FROM pairs
INNER JOIN often AS a ON pairs.n_a = a.n
INNER JOIN often AS b ON pairs.n_b = b.n
ORDER BY articles_together DESC, together_share DESC, name_a, name_b
LIMIT 20;
