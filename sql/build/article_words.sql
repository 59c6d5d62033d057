-- The inverted index of the articles: of each word of a month the numbers of the articles that have it, and how often.
WITH found AS (
    SELECT d.month, d.number, unnest(words_of(a.title || ' ' || a.body)) AS word
    FROM articles AS a
    INNER JOIN build.article_documents AS d ON a.day = d.day AND a.article_id = d.article_id
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
