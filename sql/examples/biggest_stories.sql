-- Which stories of the last four weeks did most outlets print, and how much of it was copied?
SELECT day, title, len(outlets) AS outlets, articles, articles - articles_unique AS reprints, first_outlet
FROM stories
WHERE articles > 1 AND day > (SELECT max(day) - 28 FROM days)
ORDER BY len(outlets) DESC, articles DESC, day, story_id
LIMIT 10;
