-- What did one person say? Put any name or alias in the place of the inner query, which finds whom the last four weeks
-- quote most: FROM who_said('Smith').
SELECT published_on, outlet, kind, text, url
FROM who_said((
    SELECT speaker
    FROM speaker_share_daily
    WHERE day > (SELECT max(day) - 28 FROM days)
    GROUP BY speaker
    ORDER BY sum(statements) DESC, speaker
    LIMIT 1
))
WHERE NOT is_reprint
LIMIT 20;
