-- The quotes of the week to the day that several outlets printed word for word, each with its printings.
-- Two statements share a quote where six words in a row are the same, whatever the case and the punctuation; each
-- statement is put under its run of words that most outlets printed. Copies of whole articles do not count.
WITH said AS (
    SELECT
        article_id,
        statement_id,
        outlet,
        string_split(trim(regexp_replace(lower(text), '[^\p{L}\p{N}]+', ' ', 'g')), ' ') AS words
    FROM statements
    WHERE is_latest AND NOT is_reprint AND kind IN ('direct', 'mixed') AND published_on BETWEEN $day - 6 AND $day
),

runs AS (
    SELECT
        article_id,
        statement_id,
        outlet,
        unnest(list_distinct([array_to_string(words[i:i + 5], ' ') FOR i IN range(1, len(words) - 4)])) AS run
    FROM said
),

spread AS (
    SELECT run, count(DISTINCT outlet) AS outlets
    FROM runs
    GROUP BY run
    HAVING count(DISTINCT outlet) > 1
),

shared AS (
    SELECT runs.*
    FROM runs
    INNER JOIN spread ON runs.run = spread.run
    QUALIFY row_number() OVER (PARTITION BY runs.statement_id ORDER BY spread.outlets DESC, runs.run) = 1
),

quotes AS (
    SELECT
        shared.run,
        count(DISTINCT shared.outlet) AS outlets,
        count(DISTINCT shared.article_id) AS articles,
        mode(coalesce(s.speaker_name, s.speaker)) AS speaker,
        arg_min(s.text, (len(s.text), s.statement_id)) AS quote
    FROM shared
    INNER JOIN statements AS s ON shared.article_id = s.article_id AND shared.statement_id = s.statement_id
    WHERE s.is_latest AND s.published_on BETWEEN $day - 6 AND $day
    GROUP BY shared.run
    ORDER BY outlets DESC, articles DESC, quote
    LIMIT 8
)

SELECT
    q.run,
    q.quote,
    q.speaker AS quoted,
    q.outlets,
    q.articles,
    s.published_on,
    s.outlet,
    a.title,
    a.url,
    '' AS before,
    s.text AS words,
    '' AS after,
    NULL::FLOAT AS score,
    coalesce(s.speaker_name, s.speaker) AS speaker
FROM quotes AS q
INNER JOIN shared ON q.run = shared.run
INNER JOIN statements AS s ON shared.article_id = s.article_id AND shared.statement_id = s.statement_id
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE s.is_latest AND s.published_on BETWEEN $day - 6 AND $day
QUALIFY row_number() OVER (PARTITION BY q.run ORDER BY a.published_at, s.statement_id) <= 8
ORDER BY q.outlets DESC, q.articles DESC, q.quote, q.run, a.published_at, s.statement_id;
