-- Whose words fill which outlet? The three voices that each outlet quotes most, over the last four weeks.
WITH totals AS (
    SELECT outlet, speaker_name, count(*) AS statements
    FROM statements
    WHERE is_latest AND published_on > (SELECT max(day) - 28 FROM days)
    GROUP BY outlet, speaker_name
)

SELECT
    outlet,
    speaker_name,
    statements,
    round(statements / sum(statements) OVER (PARTITION BY outlet), 3) AS share_of_the_outlet
FROM totals
QUALIFY
    speaker_name IS NOT NULL
    AND row_number() OVER (
        PARTITION BY outlet
        ORDER BY speaker_name IS NULL, statements DESC, speaker_name
    ) <= 3
ORDER BY outlet, statements DESC, speaker_name;
