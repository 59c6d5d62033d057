-- What was refused, and why; one row per refused record.
SELECT * FROM lake.quarantine
ORDER BY day, raw_id;
