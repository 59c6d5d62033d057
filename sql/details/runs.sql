-- The runs of the stages; one row per day, stage and shard.
SELECT * FROM lake.runs
ORDER BY day, stage, shard;
