-- Which outlet is first with the stories that others print, too, and how far ahead?
-- Of the stories of the last four weeks in several outlets; an article without a time of day cannot be first.
WITH printings AS (
    SELECT story_id, outlet, min(published_at) AS printed_at
    FROM articles
    WHERE is_latest AND published_at_origin <> 'day' AND published_on > (SELECT max(day) - 28 FROM days)
    GROUP BY story_id, outlet
),

placed AS (
    SELECT
        outlet,
        rank() OVER (PARTITION BY story_id ORDER BY printed_at) AS place,
        date_diff('minute', printed_at, lead(printed_at) OVER (PARTITION BY story_id ORDER BY printed_at)) / 60
            AS hours_ahead,
        count(*) OVER (PARTITION BY story_id) AS outlets
    FROM printings
)

SELECT
    outlet,
    count(*) AS shared_stories,
    count(*) FILTER (WHERE place = 1) AS first_with,
    round(avg((place = 1)::INT), 2) AS first_share,
    round(wilson_low(avg((place = 1)::INT), count(*)), 2) AS first_share_low,
    round(wilson_high(avg((place = 1)::INT), count(*)), 2) AS first_share_high,
    round(median(hours_ahead) FILTER (WHERE place = 1), 1) AS median_hours_ahead
FROM placed
WHERE outlets > 1
GROUP BY outlet
ORDER BY first_share DESC, outlet;
