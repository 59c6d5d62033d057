-- Every day that the lake knows of; one row per day.
SELECT day, is_finished FROM lake.days
ORDER BY day;
