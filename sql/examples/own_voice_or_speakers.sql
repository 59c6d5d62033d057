-- Does the tone toward someone come from the outlets themselves or from the people that they quote? Over four weeks.
SELECT
    name,
    count(*) FILTER (WHERE statement_id IS NULL) AS mentions_own_voice,
    round(avg(positive - negative) FILTER (WHERE statement_id IS NULL), 2) AS own_voice,
    count(*) FILTER (WHERE statement_id IS NOT NULL) AS mentions_in_statements,
    round(avg(positive - negative) FILTER (WHERE statement_id IS NOT NULL), 2) AS in_statements
FROM mentions
WHERE
    is_latest
    AND NOT is_reprint
    AND type = 'PER'
    AND name IS NOT NULL
    AND published_on > (SELECT max(day) - 28 FROM days)
GROUP BY name
HAVING count(*) FILTER (WHERE statement_id IS NULL) > 0 AND count(*) FILTER (WHERE statement_id IS NOT NULL) > 0
ORDER BY count(*) DESC, name
LIMIT 20;
