-- severity: blocking
-- A label is the likeliest of its three probabilities, or an abstention.
SELECT 'sentiments' AS of_table, day, article_id, sentiment AS label, negative AS p1, neutral AS p2, positive AS p3
FROM sentiments
WHERE
    sentiment IS NOT NULL
    AND CASE sentiment WHEN 'negative' THEN negative WHEN 'neutral' THEN neutral ELSE positive END
    < greatest(negative, neutral, positive)
UNION ALL
SELECT 'stances' AS of_table, day, article_id, stance AS label, against AS p1, neutral AS p2, favour AS p3
FROM stances
WHERE
    stance IS NOT NULL
    AND CASE stance WHEN 'against' THEN against WHEN 'neutral' THEN neutral ELSE favour END
    < greatest(against, neutral, favour)
ORDER BY ALL;
