-- The stories of the week to the day that the most outlets printed, the day's first among equals.
SELECT story_id, day, title, articles, articles - articles_unique AS reprints, len(outlets) AS outlets
FROM stories
WHERE day BETWEEN $day - 6 AND $day
ORDER BY len(outlets) DESC, articles DESC, day DESC, story_id
LIMIT 8;
