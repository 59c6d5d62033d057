-- The watch-list; one row per issue.
SELECT * FROM lake.issues
ORDER BY issue_id;
