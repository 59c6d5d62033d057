-- What each stage did with the run of the day: its shards together, the publish left out, which is not over yet.
SELECT
    stage,
    count(*) AS shards,
    sum(articles_in) AS articles_in,
    sum(articles_out) AS articles_out,
    sum(quarantined) AS quarantined,
    sum(seconds) AS seconds,
    max(peak_megabytes) AS peak_megabytes,
    max(run_id) AS run_id,
    min(started_at) AS started_at
FROM runs
WHERE day = $day
GROUP BY stage
ORDER BY min(started_at), stage;
