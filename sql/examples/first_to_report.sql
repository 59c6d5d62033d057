-- Which outlet is first with the stories that others print, too, and how far ahead?
-- Of the stories of the last four weeks in several outlets; an article without a time of day cannot be first, and of
-- two that came in the same minute neither is.
WITH printings AS (
    SELECT story_id, outlet, date_trunc('minute', min(published_at)) AS printed_at
    FROM articles
    WHERE is_latest AND published_at_origin <> 'day' AND published_on > (SELECT max(day) - 28 FROM days)
    GROUP BY story_id, outlet
),

placed AS (
    SELECT
        outlet,
        rank() OVER (PARTITION BY story_id ORDER BY printed_at) = 1
        AND count(*) OVER (PARTITION BY story_id, printed_at) = 1 AS is_first,
        date_diff('minute', printed_at, lead(printed_at) OVER (PARTITION BY story_id ORDER BY printed_at)) / 60
            AS hours_ahead,
        count(*) OVER (PARTITION BY story_id) AS outlets
    FROM printings
)

SELECT
    outlet,
    count(*) AS shared_stories,
    count(*) FILTER (WHERE is_first) AS first_with,
    round(avg(is_first::INT), 2) AS first_share,
    round(wilson_low(avg(is_first::INT), count(*)), 2) AS first_share_low,
    round(wilson_high(avg(is_first::INT), count(*)), 2) AS first_share_high,
    round(median(hours_ahead) FILTER (WHERE is_first), 1) AS median_hours_ahead
FROM placed
WHERE outlets > 1
GROUP BY outlet
ORDER BY first_share DESC, outlet;
