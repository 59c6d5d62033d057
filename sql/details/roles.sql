-- Every role that an article gives a person, under the ids that stand for person and organisation now.
SELECT
    r.day,
    r.article_id,
    r.start,
    r."end",
    coalesce(merges.current_id, r.entity_id) AS entity_id,
    names.name,
    r.role,
    r.office,
    r.is_former,
    coalesce(bodies.current_id, r.organisation_id) AS organisation_id,
    r.organisation,
    coalesce(places.current_id, r.country_id) AS country_id,
    r.country,
    coalesce(others.current_id, r.person_id) AS person_id,
    r.person,
    r.published_on,
    r.probability,
    a.outlet,
    a.is_reprint,
    a.is_latest
FROM lake.roles AS r
LEFT JOIN merges ON r.entity_id = merges.old_id
LEFT JOIN merges AS bodies ON r.organisation_id = bodies.old_id
LEFT JOIN merges AS places ON r.country_id = places.old_id
LEFT JOIN merges AS others ON r.person_id = others.old_id
LEFT JOIN entities AS names ON coalesce(merges.current_id, r.entity_id) = names.entity_id
LEFT JOIN articles AS a ON r.day = a.day AND r.article_id = a.article_id
ORDER BY r.day, r.article_id, r.start, r."end", r.entity_id;
