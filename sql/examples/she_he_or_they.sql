-- How much of what each outlet quotes do women say, men, and others?
-- Nobody's gender is guessed from a name: people count under the pronoun by which the articles of the last four weeks
-- call them most, and under "not said" where none does. The interval is over articles (Wilson).
WITH pronouns AS (
    SELECT
        entity_id,
        CASE
            WHEN lower(text) IN ('she', 'her', 'hers', 'herself') THEN 'she'
            WHEN lower(text) IN ('he', 'him', 'his', 'himself') THEN 'he'
            WHEN lower(text) IN ('they', 'them', 'their', 'theirs', 'themselves', 'themself') THEN 'they'
        END AS pronoun
    FROM resolutions
    WHERE method = 'pronoun' AND type = 'PER' AND is_latest AND published_on > (SELECT max(day) - 28 FROM days)
),

called AS (
    SELECT entity_id, mode(pronoun ORDER BY pronoun) AS pronoun
    FROM pronouns
    WHERE pronoun IS NOT NULL
    GROUP BY entity_id
),

said AS (
    SELECT s.outlet, s.article_id, s.speaker_id, coalesce(called.pronoun, 'not said') AS pronoun
    FROM statements AS s
    INNER JOIN entities AS e ON s.speaker_id = e.entity_id AND e.type = 'PER'
    LEFT JOIN called ON s.speaker_id = called.entity_id
    WHERE s.is_latest AND NOT s.is_reprint AND s.published_on > (SELECT max(day) - 28 FROM days)
),

totals AS (
    SELECT outlet, count(*) AS statements, count(DISTINCT article_id) AS articles
    FROM said
    GROUP BY outlet
)

SELECT
    said.outlet,
    said.pronoun,
    count(DISTINCT said.speaker_id) AS speakers,
    count(*) AS statements,
    round(count(*) / totals.statements, 2) AS statement_share,
    round(wilson_low(count(*) / totals.statements, totals.articles), 2) AS statement_share_low,
    round(wilson_high(count(*) / totals.statements, totals.articles), 2) AS statement_share_high
FROM said
INNER JOIN totals ON said.outlet = totals.outlet
GROUP BY said.outlet, said.pronoun, totals.statements, totals.articles
ORDER BY said.outlet, said.pronoun = 'not said', statements DESC, said.pronoun;
