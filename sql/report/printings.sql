-- The printings of some stories, each story's first 20.
SELECT story_id, published_on, outlet, title, url, is_reprint
FROM articles
WHERE is_latest AND list_contains($story_ids, story_id)
QUALIFY row_number() OVER (PARTITION BY story_id ORDER BY is_reprint, published_at, article_id) <= 20
ORDER BY story_id, is_reprint, published_at, article_id;
