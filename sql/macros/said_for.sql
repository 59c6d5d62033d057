-- What others say for someone, newest first: FROM said_for('Ana Novak'). Those are the campaign or administration that
-- is called by the name, and whoever an article of the year around gives the role of their spokesman, press secretary,
-- campaign manager and the like: theirs, or that of the body of the name. Names and aliases match, in any case.
CREATE MACRO said_for(someone) AS TABLE
WITH principals AS (
    SELECT entity_id
    FROM entities
    WHERE
        is_called(name, aliases, someone)
        OR lower(regexp_replace(name, ' (campaign|administration)$', '')) IN (
            SELECT lower(name) FROM entities WHERE is_called(name, aliases, someone)
        )
),

spokespeople AS (
    SELECT DISTINCT entity_id, published_on, role
    FROM roles
    WHERE
        (person_id IN (FROM principals) OR organisation_id IN (FROM principals))
        AND NOT is_former
        AND regexp_matches(
            office || ' ' || lower(role),
            'spokes|press secretary|campaign (manager|chair)|communications|surrogate|strategist'
        )
    UNION ALL
    SELECT p.entity_id, NULL AS published_on, NULL AS role
    FROM principals AS p
    INNER JOIN entities AS e ON p.entity_id = e.entity_id
    WHERE NOT is_called(e.name, e.aliases, someone)
)

SELECT
    s.published_on,
    s.outlet,
    s.speaker_name,
    any_value(k.role) AS role,
    s.kind,
    s.cue,
    s.text,
    a.title,
    a.url,
    s.is_reprint,
    s.article_id,
    s.statement_id
FROM statements AS s
INNER JOIN
    spokespeople AS k
    ON s.speaker_id = k.entity_id AND (k.published_on IS NULL OR abs(s.published_on - k.published_on) <= 365)
INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
WHERE s.is_latest
GROUP BY ALL
ORDER BY s.published_on DESC, s.article_id, s.statement_id;
