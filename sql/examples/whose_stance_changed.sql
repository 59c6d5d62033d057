-- Who changed sides on an issue, when, and in which words?
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
        count(*) FILTER (WHERE stance = 'favour') - count(*) FILTER (WHERE stance = 'against') AS side,
        max_by(evidence, abs(favour - against)) AS words
    FROM stances
    WHERE is_latest AND NOT is_reprint AND target_kind = 'issue' AND holder_id IS NOT NULL
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
        sum(side) AS side,
        max_by(words, abs(score)) AS words
    FROM scores
    GROUP BY holder_id, holder, target_id, target, day
),

splits AS (
    SELECT
        * EXCLUDE (n, total, squares, side, words),
        sum(side) OVER earlier AS side_before,
        sum(side) OVER since AS side_since,
        sum(n) OVER earlier AS n_before,
        sum(total) OVER earlier / sum(n) OVER earlier AS mean_before,
        mean_margin(sum(n) OVER earlier, sum(total) OVER earlier, sum(squares) OVER earlier, sum(n) OVER earlier)
            AS margin_before,
        last(words) OVER earlier AS words_before,
        sum(n) OVER since AS n_since,
        sum(total) OVER since / sum(n) OVER since AS mean_since,
        mean_margin(sum(n) OVER since, sum(total) OVER since, sum(squares) OVER since, sum(n) OVER since)
            AS margin_since,
        words AS words_since
    FROM days
    WINDOW
        earlier AS (
            PARTITION BY holder_id, target_id ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        since AS (PARTITION BY holder_id, target_id ORDER BY day ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
)

SELECT
    holder,
    target AS issue,
    day AS changed_on,
    round(mean_before, 2) AS before,
    round(mean_since, 2) AS since,
    round(if(margin IS NULL, NULL, greatest(mean_since - mean_before - margin, -2)), 2) AS change_low,
    round(if(margin IS NULL, NULL, least(mean_since - mean_before + margin, 2)), 2) AS change_high,
    n_before::BIGINT AS articles_before,
    n_since::BIGINT AS articles_since,
    words_before,
    words_since
FROM (SELECT *, sqrt(margin_before ** 2 + margin_since ** 2) AS margin FROM splits)
WHERE mean_before * mean_since < 0 AND side_before * side_since < 0
QUALIFY row_number() OVER (
    PARTITION BY holder_id, target_id
    ORDER BY abs(mean_since - mean_before) * sqrt(n_before * n_since / (n_before + n_since)) DESC, day
) = 1
ORDER BY abs(mean_since - mean_before) * sqrt(n_before * n_since / (n_before + n_since)) DESC, holder, issue
LIMIT 20;
