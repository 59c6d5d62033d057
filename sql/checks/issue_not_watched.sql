-- severity: warning
-- The target of a stance is on the watch-list of the configuration; where an issue was taken off it, run stance again.
SELECT s.target_id, s.target, count(*) AS stances, min(s.day) AS first_day, max(s.day) AS last_day
FROM stances AS s
ANTI JOIN issues AS i ON s.target_id = i.issue_id
WHERE s.target_kind = 'issue'
GROUP BY s.target_id, s.target
ORDER BY ALL;
