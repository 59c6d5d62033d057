-- severity: blocking
-- Three probabilities that exclude each other add up to one, within what Float32 keeps.
SELECT 'mentions' AS of_table, day, article_id, negative AS p1, neutral AS p2, positive AS p3
FROM mentions
WHERE abs(negative + neutral + positive - 1) > 0.001 OR least(negative, neutral, positive) < 0
UNION ALL
SELECT 'sentiments' AS of_table, day, article_id, negative AS p1, neutral AS p2, positive AS p3
FROM sentiments
WHERE abs(negative + neutral + positive - 1) > 0.001 OR least(negative, neutral, positive) < 0
UNION ALL
SELECT 'stances' AS of_table, day, article_id, against AS p1, neutral AS p2, favour AS p3
FROM stances
WHERE abs(against + neutral + favour - 1) > 0.001 OR least(against, neutral, favour) < 0
ORDER BY ALL;
