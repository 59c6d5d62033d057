-- severity: blocking
-- The offsets of a statement cut its speaker, its cue and what is said out of the body.
WITH found AS (
    SELECT
        s.day,
        s.article_id,
        s.statement_id,
        unnest([
            {
                'part': 'speaker', 'claimed': s.speaker,
                'found': substring(a.body, s.speaker_start + 1, s.speaker_end - s.speaker_start)
            },
            {'part': 'cue', 'claimed': s.cue, 'found': substring(a.body, s.cue_start + 1, s.cue_end - s.cue_start)},
            {
                'part': 'content', 'claimed': s.text,
                'found': array_to_string(
                    list_transform(s.content, lambda c: substring(a.body, c.start + 1, c."end" - c.start)), ' … '
                )
            }
        ], recursive := true)
    FROM lake.statements AS s
    INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
)

SELECT * FROM found
WHERE found IS DISTINCT FROM claimed
ORDER BY ALL;
