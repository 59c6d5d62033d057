-- Every day that the lake knows of, and when its rows were first and last published; one row per day.
SELECT day, is_finished, first_published_at, restated_at FROM lake.days
ORDER BY day;
