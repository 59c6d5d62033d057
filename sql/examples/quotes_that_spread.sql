-- Which quotes of the last week did several outlets print word for word?
-- Two statements share a quote where six words in a row are the same, whatever the case and the punctuation; each
-- statement is put under its run of words that most outlets printed. Copies of whole articles do not count.
WITH said AS (
    SELECT
        article_id,
        statement_id,
        outlet,
        published_on,
        coalesce(speaker_name, speaker) AS speaker,
        text,
        string_split(trim(regexp_replace(lower(text), '[^\p{L}\p{N}]+', ' ', 'g')), ' ') AS words
    FROM statements
    WHERE
        is_latest
        AND NOT is_reprint
        AND kind IN ('direct', 'mixed')
        AND published_on > (SELECT max(day) - 7 FROM days)
),

runs AS (
    SELECT
        * EXCLUDE (words),
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
)

SELECT
    mode(speaker) AS speaker,
    arg_min(text, len(text)) AS words,
    count(DISTINCT outlet) AS outlets,
    count(DISTINCT article_id) AS articles,
    list_sort(list_distinct(list(outlet))) AS printed_by,
    min(published_on) AS first_on
FROM shared
GROUP BY run
ORDER BY outlets DESC, articles DESC, first_on, words
LIMIT 20;
