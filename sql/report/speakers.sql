-- Whom the outlets quoted most in the week to the day.
SELECT
    speaker_id,
    any_value(speaker_name) AS name,
    count(*) AS statements,
    count(*) FILTER (WHERE NOT is_reprint) AS statements_unique,
    count(*) FILTER (WHERE published_on = $day) AS statements_day,
    count(DISTINCT outlet) AS outlets
FROM statements
WHERE is_latest AND speaker_id IS NOT NULL AND published_on BETWEEN $day - 6 AND $day
GROUP BY speaker_id
ORDER BY statements_unique DESC, statements DESC, speaker_id
LIMIT 10;
