-- severity: warning
-- The newest run brought an article that was published on its day or the day before; else the sources give old news.
SELECT max(d.day) AS newest_run, max(a.published_on) AS newest_article
FROM (SELECT max(day) AS day FROM days) AS d
LEFT JOIN articles AS a ON a.day = d.day
HAVING newest_article IS NULL OR newest_article < newest_run - 1;
