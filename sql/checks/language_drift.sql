-- severity: warning
-- No outlet printed more in other languages in the last week of runs than in the four weeks before: the reader reads
-- them not at all, or badly. The interval of the difference (Newcombe 1998, method 10) has to lie above 0.
WITH counts AS (
    SELECT outlet, day > (SELECT max(day) - 7 FROM days) AS is_last_week, language, count(*) AS n
    FROM articles
    WHERE day > (SELECT max(day) - 35 FROM days)
    GROUP BY ALL
),

own AS (
    SELECT outlet, arg_max(language, n) AS language
    FROM counts
    WHERE NOT is_last_week
    GROUP BY outlet
),

shares AS (
    SELECT
        counts.outlet,
        own.language,
        sum(n) FILTER (WHERE is_last_week)::BIGINT AS articles,
        sum(n) FILTER (WHERE NOT is_last_week)::BIGINT AS articles_before,
        coalesce(sum(n) FILTER (WHERE is_last_week AND counts.language <> own.language), 0) / articles AS share,
        coalesce(sum(n) FILTER (WHERE NOT is_last_week AND counts.language <> own.language), 0) / articles_before
            AS share_before
    FROM counts
    INNER JOIN own ON counts.outlet = own.outlet
    GROUP BY counts.outlet, own.language
)

SELECT outlet, language AS own_language, articles, round(share, 2) AS other_share, round(share_before, 2) AS before
FROM shares
WHERE
    share - share_before
    > sqrt(
        (share - wilson_low(share, articles)) ** 2
        + (wilson_high(share_before, articles_before) - share_before) ** 2
    )
ORDER BY outlet;
