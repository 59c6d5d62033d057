-- severity: warning
-- Every stage of every day has written all its parts; the rows of an unfinished day are left out until it has.
SELECT day FROM days
WHERE NOT is_finished
ORDER BY day;
