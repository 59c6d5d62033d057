-- The runs of the stages; one row per day, stage and shard. The publish that makes this file cannot be in it, and an
-- earlier one says nothing of it: the lake keeps those.
SELECT * FROM lake.runs
WHERE stage <> 'publish'
ORDER BY day, stage, shard;
