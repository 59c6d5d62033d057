-- The articles that can be searched, numbered within the month of their run, with the words of each.
SELECT
    date_trunc('month', day)::DATE AS month,
    (row_number() OVER (PARTITION BY date_trunc('month', day) ORDER BY day, article_id))::UINTEGER AS number,
    day,
    article_id,
    len(words_of(title || ' ' || body))::UINTEGER AS length
FROM articles
ORDER BY month, number;
