-- Who changed sides on an issue in the last year, when, and in which words?
-- A side needs most statements and the mean. The day of the change is the one that parts a holder's articles most
-- clearly into before and since; the interval is of the difference of the two means, null where either side is one
-- article. It is the best of many days tried: take an interval that barely leaves out 0 for a hint, and read the words.
WITH scores AS (
    SELECT
        holder_id,
        holder,
        target_id,
        target,
        published_on AS day,
        avg(favour - against) AS score,
        count(*) FILTER (WHERE stance = 'favour') - count(*) FILTER (WHERE stance = 'against') AS side
    FROM stances
    WHERE
        is_latest
        AND NOT is_reprint
        AND target_kind = 'issue'
        AND holder_id IS NOT NULL
        AND published_on > (SELECT max(day) - 365 FROM days)
    GROUP BY holder_id, holder, target_id, target, published_on, article_id
),

days AS (
    SELECT
        holder_id,
        holder,
        target_id,
        target,
        day,
        count(*) AS n,
        sum(score) AS total,
        sum(score * score) AS squares,
        sum(side) AS side
    FROM scores
    GROUP BY holder_id, holder, target_id, target, day
),

splits AS (
    SELECT
        * EXCLUDE (n, total, squares, side),
        lag(day) OVER (PARTITION BY holder_id, target_id ORDER BY day) AS day_before,
        sum(side) OVER earlier AS side_before,
        sum(side) OVER since AS side_since,
        sum(n) OVER earlier AS n_before,
        sum(total) OVER earlier / sum(n) OVER earlier AS mean_before,
        mean_margin(sum(n) OVER earlier, sum(total) OVER earlier, sum(squares) OVER earlier, sum(n) OVER earlier)
            AS margin_before,
        sum(n) OVER since AS n_since,
        sum(total) OVER since / sum(n) OVER since AS mean_since,
        mean_margin(sum(n) OVER since, sum(total) OVER since, sum(squares) OVER since, sum(n) OVER since)
            AS margin_since
    FROM days
    WINDOW
        earlier AS (
            PARTITION BY holder_id, target_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        since AS (PARTITION BY holder_id, target_id ORDER BY day ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
),

changes AS (
    SELECT
        *,
        sqrt(margin_before ** 2 + margin_since ** 2) AS margin,
        abs(mean_since - mean_before) * sqrt(n_before * n_since / (n_before + n_since)) AS strength
    FROM splits
    WHERE mean_before * mean_since < 0 AND side_before * side_since < 0
    QUALIFY row_number() OVER (PARTITION BY holder_id, target_id ORDER BY strength DESC, day) = 1
    ORDER BY strength DESC, holder, target
    LIMIT 20
),

words AS (
    SELECT c.holder_id, c.target_id, s.published_on AS day, max_by(s.evidence, abs(s.favour - s.against)) AS words
    FROM changes AS c
    INNER JOIN stances AS s
        ON c.holder_id = s.holder_id AND c.target_id = s.target_id AND s.published_on IN (c.day, c.day_before)
    WHERE
        s.is_latest
        AND NOT s.is_reprint
        AND s.target_kind = 'issue'
        AND s.published_on > (SELECT max(day) - 365 FROM days)
    GROUP BY c.holder_id, c.target_id, s.published_on
)

SELECT
    c.holder,
    c.target AS issue,
    c.day AS changed_on,
    round(c.mean_before, 2) AS before,
    round(c.mean_since, 2) AS since,
    round(if(c.margin IS NULL, NULL, greatest(c.mean_since - c.mean_before - c.margin, -2)), 2) AS change_low,
    round(if(c.margin IS NULL, NULL, least(c.mean_since - c.mean_before + c.margin, 2)), 2) AS change_high,
    c.n_before::BIGINT AS articles_before,
    c.n_since::BIGINT AS articles_since,
    w_before.words AS words_before,
    w_since.words AS words_since
FROM changes AS c
INNER JOIN words AS w_before
    ON c.holder_id = w_before.holder_id AND c.target_id = w_before.target_id AND c.day_before = w_before.day
INNER JOIN words AS w_since
    ON c.holder_id = w_since.holder_id AND c.target_id = w_since.target_id AND c.day = w_since.day
ORDER BY c.strength DESC, c.holder, issue;
