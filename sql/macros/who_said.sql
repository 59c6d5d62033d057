-- Everything that a speaker said, newest first: FROM who_said('Ana Novak'). Names and aliases match, in any case.
CREATE MACRO who_said(speaker_called) AS TABLE
SELECT
    s.published_on,
    s.outlet,
    s.speaker_name,
    s.kind,
    s.cue,
    s.text,
    a.title,
    a.url,
    s.is_reprint,
    s.probability,
    s.article_id,
    s.statement_id
FROM statements AS s
INNER JOIN entities AS e ON s.speaker_id = e.entity_id
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE s.is_latest AND is_called(e.name, e.aliases, speaker_called)
ORDER BY s.published_on DESC, s.article_id, s.statement_id;
