-- The statements that use some words, the likeliest first: FROM search_statements('never again') LIMIT 20.
-- Every word counts, the rarer the more (Okapi BM25, k1 = 1.2, b = 0.75); `words_found` says how many are there.
CREATE MACRO search_statements(asked_words) AS TABLE
WITH asked AS (
    SELECT DISTINCT unnest(words_of(asked_words)) AS word
),

corpus AS (
    SELECT count(*) AS documents, avg(length) AS length FROM build.statement_documents
),

hits AS (
    SELECT w.word, w.month, unnest(w.numbers) AS number, unnest(w.times) AS times
    FROM build.statement_words AS w
    WHERE w.word IN (SELECT word FROM asked)
),

rarity AS (
    SELECT
        hits.word,
        ln(1 + (any_value(corpus.documents) - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM hits
    CROSS JOIN corpus
    GROUP BY hits.word
),

ranked AS (
    SELECT
        hits.month,
        hits.number,
        count(*) AS words_found,
        sum(
            rarity.weight * hits.times * 2.2
            / (hits.times + 1.2 * (0.25 + 0.75 * k.length / (SELECT length FROM corpus)))
        ) AS score
    FROM hits
    INNER JOIN rarity ON hits.word = rarity.word
    INNER JOIN build.statement_documents AS k ON hits.month = k.month AND hits.number = k.number
    GROUP BY hits.month, hits.number
)

SELECT
    d.published_on,
    d.outlet,
    coalesce(d.speaker_name, d.speaker) AS speaker,
    d.text,
    d.is_reprint,
    round(ranked.score, 2) AS score,
    ranked.words_found,
    d.article_id,
    d.statement_id
FROM ranked
INNER JOIN build.statement_documents AS k ON ranked.month = k.month AND ranked.number = k.number
INNER JOIN statements AS d ON k.day = d.day AND k.article_id = d.article_id AND k.statement_id = d.statement_id
WHERE d.is_latest
ORDER BY ranked.score DESC, d.published_on DESC, d.article_id, d.statement_id;
