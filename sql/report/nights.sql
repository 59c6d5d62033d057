-- What each day of publication had: its articles, its outlets and the story that the most outlets printed first on it.
WITH days AS (
    SELECT published_on AS day, count(*) AS articles, count(DISTINCT outlet) AS outlets
    FROM articles
    WHERE is_latest
    GROUP BY published_on
),

leads AS (
    SELECT day, title
    FROM stories
    QUALIFY row_number() OVER (PARTITION BY day ORDER BY len(outlets) DESC, articles DESC, story_id) = 1
)

SELECT days.day, days.articles, days.outlets, leads.title
FROM days
LEFT JOIN leads ON days.day = leads.day
ORDER BY days.day DESC;
