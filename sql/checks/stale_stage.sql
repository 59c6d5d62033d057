-- severity: warning
-- No stage of a day is older than the stage that it reads from; where one is, run the later stages of that day again.
WITH reads(stage, from_stage) AS (
    VALUES
    ('normalise', 'fetch'),
    ('read', 'normalise'),
    ('entities', 'read'),
    ('stance', 'entities'),
    ('sentiment', 'entities')
),

times AS (
    SELECT day, stage, min(started_at) AS earliest, max(started_at) AS latest
    FROM runs
    GROUP BY day, stage
)

SELECT times.day, times.stage, times.earliest, before.stage AS from_stage, before.latest
FROM times
INNER JOIN reads ON times.stage = reads.stage
INNER JOIN times AS before ON times.day = before.day AND reads.from_stage = before.stage
WHERE times.earliest < before.latest
ORDER BY times.day, times.stage;
