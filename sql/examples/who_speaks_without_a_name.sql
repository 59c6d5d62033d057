-- How much of what each outlet quotes do people say who have no name, and what are they called?
-- Over the last four weeks. A speaker span that means nobody by name is "officials", "a source", "the study"; where
-- there is no span at all, the text leaves open who speaks.
WITH said AS (
    SELECT outlet, article_id, speaker_id IS NULL AS is_unnamed, lower(speaker) AS speaker
    FROM statements
    WHERE is_latest AND NOT is_reprint AND published_on > (SELECT max(day) - 28 FROM days)
)

SELECT
    outlet,
    count(*) AS statements,
    count(*) FILTER (WHERE is_unnamed) AS unnamed,
    count(*) FILTER (WHERE is_unnamed AND speaker IS NULL) AS without_any_speaker,
    round(avg(is_unnamed::INT), 2) AS unnamed_share,
    round(wilson_low(avg(is_unnamed::INT), count(DISTINCT article_id)), 2) AS unnamed_share_low,
    round(wilson_high(avg(is_unnamed::INT), count(DISTINCT article_id)), 2) AS unnamed_share_high,
    mode(speaker) FILTER (
        WHERE is_unnamed AND speaker NOT IN ('he', 'she', 'they', 'it', 'i', 'we', 'you', 'who', 'which', 'that')
    ) AS most_often_called
FROM said
GROUP BY outlet
ORDER BY unnamed_share DESC, outlet;
