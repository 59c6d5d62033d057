-- Where an article quotes somebody on an issue, does it quote the other side, too? Over the last four weeks.
WITH sides AS (
    SELECT
        target,
        outlet,
        article_id,
        bool_or(stance = 'favour') AS has_favour,
        bool_or(stance = 'against') AS has_against
    FROM stances
    WHERE
        is_latest
        AND NOT is_reprint
        AND target_kind = 'issue'
        AND stance IN ('favour', 'against')
        AND published_on > (SELECT max(day) - 28 FROM days)
    GROUP BY target, outlet, article_id
)

SELECT
    target AS issue,
    outlet,
    count(*) AS articles,
    count(*) FILTER (WHERE has_favour AND has_against) AS both_sides,
    count(*) FILTER (WHERE NOT has_against) AS favour_only,
    count(*) FILTER (WHERE NOT has_favour) AS against_only,
    round(avg((has_favour AND has_against)::INT), 2) AS both_share,
    round(wilson_low(avg((has_favour AND has_against)::INT), count(*)), 2) AS both_share_low,
    round(wilson_high(avg((has_favour AND has_against)::INT), count(*)), 2) AS both_share_high
FROM sides
GROUP BY target, outlet
ORDER BY issue, both_share DESC, outlet;
