-- Which people speak against which people and organisations? Over the last four weeks.
SELECT
    holder,
    target,
    sum(articles_unique) AS articles_unique,
    sum(statements_against) AS against,
    sum(statements_favour) AS favour,
    sum(statements_abstained) AS abstained
FROM stance_daily
WHERE target_kind = 'entity' AND holder_id IS NOT NULL AND day > (SELECT max(day) - 28 FROM days)
GROUP BY holder, target
HAVING sum(statements_against) > 0
ORDER BY against DESC, holder, target
LIMIT 20;
