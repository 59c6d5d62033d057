-- Who appears with whom, and how much more often than apart? The edges of the network of the last four weeks, between
-- the hundred who are named in most articles. Counted in the articles: `co_mention_daily` knows of a pair only on days
-- on which it appears together, so that its days do not add up to how often one appears without the other.
WITH named AS (
    SELECT DISTINCT article_id, entity_id, name
    FROM mentions
    WHERE is_latest AND NOT is_reprint AND entity_id IS NOT NULL AND published_on > (SELECT max(day) - 28 FROM days)
),

often AS (
    SELECT entity_id, name, count(*) AS articles
    FROM named
    GROUP BY entity_id, name
    ORDER BY articles DESC, entity_id
    LIMIT 100
),

appearances AS (
    SELECT named.article_id, often.*
    FROM named
    INNER JOIN often ON named.entity_id = often.entity_id
)

SELECT
    a.name AS name_a,
    b.name AS name_b,
    count(*) AS articles_together,
    a.articles + b.articles - count(*) AS articles_either,
    round(articles_together / articles_either, 2) AS together_share
FROM appearances AS a
INNER JOIN appearances AS b ON a.article_id = b.article_id AND a.entity_id < b.entity_id
GROUP BY a.entity_id, b.entity_id, a.name, b.name, a.articles, b.articles
ORDER BY articles_together DESC, together_share DESC, name_a, name_b
LIMIT 20;
