-- Who is for and who is against each issue on the watch-list, and in which words? Over the last four weeks.
SELECT
    d.target AS issue,
    d.holder,
    sum(d.statements_favour) AS favour,
    sum(d.statements_against) AS against,
    sum(d.statements_neutral + d.statements_abstained) AS no_side,
    max_by(s.evidence, abs(s.favour - s.against)) AS clearest_words
FROM stance_daily AS d
INNER JOIN stances AS s ON d.day = s.published_on AND d.clearest_stance_id = s.stance_id AND s.is_latest
WHERE
    d.target_kind = 'issue'
    AND d.day > (SELECT max(day) - 28 FROM days)
    AND s.published_on > (SELECT max(day) - 28 FROM days)
GROUP BY d.target, d.holder
HAVING sum(d.statements_favour + d.statements_against) > 0
ORDER BY issue, sum(d.statements_favour - d.statements_against) DESC, d.holder;
