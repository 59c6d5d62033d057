-- The inverted index of the statements: of each word of a month the numbers of those that have it, and how often.
WITH found AS (
    SELECT d.month, d.number, unnest(words_of(s.text)) AS word
    FROM statements AS s
    INNER JOIN build.statement_documents AS d
        ON s.day = d.day AND s.article_id = d.article_id AND s.statement_id = d.statement_id
),

counted AS (
    SELECT month, word, number, least(count(*), 255)::UTINYINT AS times
    FROM found
    WHERE len(word) > 1
    GROUP BY ALL
)

SELECT month, word, list(number ORDER BY number) AS numbers, list(times ORDER BY number) AS times
FROM counted
GROUP BY month, word
ORDER BY month, word;
