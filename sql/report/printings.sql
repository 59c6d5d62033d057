-- Every printing of a story.
SELECT published_on, outlet, title, url, is_reprint
FROM articles
WHERE is_latest AND story_id = $story_id
ORDER BY is_reprint, published_at, article_id
LIMIT 20;
