-- What each run brought from each outlet. Grain: day of a run, outlet: every outlet on every day, so a gap is a row
-- with its reason. Articles that a later day revised count too: the day did bring them. All of the day's records are
-- counted, none is sampled, so there is no interval; articles_unread are the reader's abstentions.
WITH fetched AS (
    SELECT
        day,
        outlet,
        sum(records)::BIGINT AS records,
        max(status = 'fetched') AS is_fetched,
        max(status = 'failed') AS is_failed,
        max(status = 'gap') AS is_missing,
        max(status = 'resting') AS is_resting,
        string_agg(DISTINCT problem, '; ' ORDER BY problem) FILTER (WHERE status <> 'fetched') AS problem
    FROM fetches
    GROUP BY day, outlet
),

readable AS (
    SELECT day, article_id FROM mentions
    UNION
    SELECT day, article_id FROM statements
),

kept AS (
    SELECT
        articles.day,
        articles.outlet,
        count(*) AS articles,
        count(*) FILTER (WHERE NOT articles.is_reprint) AS articles_unique,
        count(*) FILTER (WHERE NOT articles.is_latest) AS articles_revised,
        count(*) FILTER (WHERE readable.article_id IS NULL) AS articles_unread
    FROM articles
    LEFT JOIN readable ON articles.day = readable.day AND articles.article_id = readable.article_id
    GROUP BY articles.day, articles.outlet
),

reasons AS (
    SELECT day, outlet, reason, count(*) AS records
    FROM quarantine
    GROUP BY day, outlet, reason
),

refused AS (
    SELECT
        day,
        outlet,
        sum(records)::BIGINT AS records,
        string_agg(reason || ' ' || records, ', ' ORDER BY records DESC, reason) AS reasons
    FROM reasons
    GROUP BY day, outlet
),

counted AS (
    SELECT
        days.day,
        days.is_finished,
        outlets.outlet,
        fetched.problem,
        refused.reasons,
        CASE
            WHEN fetched.is_fetched THEN 'fetched'
            WHEN fetched.is_failed THEN 'failed'
            WHEN fetched.is_resting THEN 'resting'
            WHEN fetched.is_missing THEN 'gap'
            WHEN fetched.day IS NOT NULL THEN 'empty'
            ELSE 'not_asked'
        END AS status,
        coalesce(fetched.records, 0) AS records,
        coalesce(kept.articles, 0) AS articles,
        coalesce(kept.articles_unique, 0) AS articles_unique,
        coalesce(kept.articles_revised, 0) AS articles_revised,
        coalesce(kept.articles_unread, 0) AS articles_unread,
        coalesce(refused.records, 0) AS articles_refused
    FROM days
    CROSS JOIN outlets
    LEFT JOIN fetched ON days.day = fetched.day AND outlets.outlet = fetched.outlet
    LEFT JOIN kept ON days.day = kept.day AND outlets.outlet = kept.outlet
    LEFT JOIN refused ON days.day = refused.day AND outlets.outlet = refused.outlet
)

SELECT
    day,
    outlet,
    status,
    articles = 0 AS is_gap,
    CASE
        WHEN NOT is_finished THEN 'the run of the day has not ended: run it again'
        WHEN problem IS NOT NULL THEN problem
        WHEN articles_refused > 0 THEN if(articles > 0, 'refused: ', 'every record was refused: ') || reasons
        WHEN articles > 0 THEN NULL
        WHEN status = 'not_asked' THEN 'no source of this outlet was configured that day'
        WHEN status = 'gap' THEN 'the source cannot give this day'
        WHEN status = 'failed' THEN 'the source failed'
        ELSE 'the source had nothing of this outlet for the day'
    END AS reason,
    records,
    articles,
    articles_unique,
    articles_revised,
    articles_unread,
    articles_refused
FROM counted
ORDER BY day, outlet;
