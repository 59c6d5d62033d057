-- Every statement, with the entity that speaks: the one that the speaker span itself was resolved to.
SELECT
    s.*,
    CASE greatest(s.asserted, s.hedged, s.denied, s.withheld, s.asked)
        WHEN s.asserted THEN 'asserted'
        WHEN s.hedged THEN 'hedged'
        WHEN s.denied THEN 'denied'
        WHEN s.withheld THEN 'withheld'
        ELSE 'asked'
    END AS commitment,
    names.entity_id AS speaker_id,
    names.name AS speaker_name,
    a.outlet,
    a.published_on,
    a.is_reprint,
    a.is_latest
FROM lake.statements AS s
LEFT JOIN lake.entities AS e
    ON s.day = e.day AND s.article_id = e.article_id AND s.speaker_start = e.start AND s.speaker_end = e."end"
LEFT JOIN merges ON e.entity_id = merges.old_id
LEFT JOIN entities AS names ON coalesce(merges.current_id, e.entity_id) = names.entity_id
LEFT JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
ORDER BY s.day, s.article_id, s.statement_id;
