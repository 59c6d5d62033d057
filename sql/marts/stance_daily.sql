-- How each holder stands toward each target, by all that was printed. Grain: day of publication, holder, target.
-- The score of an article is the mean over its statements of P(favour) - P(against); abstentions keep their score
-- and are counted apart. Intervals: Student's t, 95 %, cut to -1 … 1. Copies are no independent
-- evidence: reprints collapsed, each article is a draw; else each story is, and one draw leaves the whole scale open.
-- A holder without a name (holder_id null) is told apart by the words of the speaker span.
-- Beside what was read stands what is likely behind it, given how the reader mixes the classes up (`corrections`).
WITH named AS (
    SELECT
        stances.*,
        articles.story_id,
        coalesce(entities.name, stances.holder) AS holder_name,
        try_cast(stances.favour - stances.against AS DECIMAL(9, 6)) AS score,
        corrected(c.weights_first, stances.against, stances.neutral, stances.favour) AS true_against,
        corrected(c.weights_neutral, stances.against, stances.neutral, stances.favour) AS true_neutral,
        corrected(c.weights_last, stances.against, stances.neutral, stances.favour) AS true_favour
    FROM stances
    INNER JOIN articles ON stances.day = articles.day AND stances.article_id = articles.article_id
    LEFT JOIN corrections AS c
        ON stances.reader = c.reader AND c.reading = stances.target_kind || '_stance'
    LEFT JOIN entities ON stances.holder_id = entities.entity_id
    WHERE stances.is_latest
),

articles_scored AS (
    SELECT
        published_on,
        holder_id,
        holder_name,
        target_kind,
        target_id,
        outlet,
        article_id,
        story_id,
        is_reprint,
        count(*) AS statements,
        count(*) FILTER (WHERE stance = 'against') AS against,
        count(*) FILTER (WHERE stance = 'neutral') AS neutral,
        count(*) FILTER (WHERE stance = 'favour') AS favour,
        count(*) FILTER (WHERE stance IS NULL) AS abstained,
        min(target) AS target,
        (sum(score)::DOUBLE / count(*))::DECIMAL(9, 6) AS score,
        max(reader) AS reader,
        CASE
            WHEN avg(favour) > greatest(avg(against), avg(neutral)) THEN 'favour'
            WHEN avg(against) > greatest(avg(favour), avg(neutral)) THEN 'against'
        END AS side,
        (sum(true_against)::DOUBLE / count(*))::DECIMAL(12, 6) AS true_against,
        (sum(true_neutral)::DOUBLE / count(*))::DECIMAL(12, 6) AS true_neutral,
        (sum(true_favour)::DOUBLE / count(*))::DECIMAL(12, 6) AS true_favour,
        max({'side': abs(score), 'is_first': NOT is_reprint, 'stance_id': stance_id}) AS clearest
    FROM named
    GROUP BY ALL
),

sums AS (
    SELECT
        published_on AS day,
        holder_id,
        holder_name AS holder,
        target_kind,
        target_id,
        min(target) AS target,
        count(DISTINCT outlet) AS outlets,
        count(*) AS articles,
        count(*) FILTER (WHERE NOT is_reprint) AS articles_unique,
        sum(statements)::BIGINT AS statements,
        sum(against)::BIGINT AS statements_against,
        sum(neutral)::BIGINT AS statements_neutral,
        sum(favour)::BIGINT AS statements_favour,
        sum(abstained)::BIGINT AS statements_abstained,
        sum(score) AS total,
        sum(score * score) AS squares,
        count(DISTINCT story_id) AS stories,
        sum(score) FILTER (WHERE NOT is_reprint) AS total_unique,
        sum(score * score) FILTER (WHERE NOT is_reprint) AS squares_unique,
        max(clearest) AS clearest,
        max(reader) AS reader,
        nullif(count(*) FILTER (WHERE NOT is_reprint), 0) AS n,
        count(*) FILTER (WHERE NOT is_reprint AND side = 'against') AS unique_against,
        count(*) FILTER (WHERE NOT is_reprint AND side = 'favour') AS unique_favour,
        sum(true_against) FILTER (WHERE NOT is_reprint) AS total_against,
        sum(true_against * true_against) FILTER (WHERE NOT is_reprint) AS squares_against,
        sum(true_neutral) FILTER (WHERE NOT is_reprint) AS total_neutral,
        sum(true_favour) FILTER (WHERE NOT is_reprint) AS total_favour,
        sum(true_favour * true_favour) FILTER (WHERE NOT is_reprint) AS squares_favour,
        sum(true_favour - true_against) FILTER (WHERE NOT is_reprint) AS total_score,
        sum((true_favour - true_against) * (true_favour - true_against)) FILTER (WHERE NOT is_reprint) AS squares_score
    FROM articles_scored
    GROUP BY published_on, holder_id, holder_name, target_kind, target_id
),

shares AS (
    SELECT
        sums.*,
        total_against::DOUBLE / n AS first_share,
        total_neutral::DOUBLE / n AS neutral_share,
        total_favour::DOUBLE / n AS last_share,
        corrected_variance(c.variances_first, first_share, neutral_share, last_share) AS added_against,
        corrected_variance(c.variances_last, first_share, neutral_share, last_share) AS added_favour,
        corrected_variance(c.variances_score, first_share, neutral_share, last_share) AS added_score
    FROM sums
    LEFT JOIN corrections AS c
        ON sums.reader = c.reader AND c.reading = sums.target_kind || '_stance'
)

SELECT
    sums.day,
    sums.holder_id,
    sums.holder,
    sums.target_kind,
    sums.target_id,
    coalesce(entities.name, issues.name, sums.target) AS target,
    sums.outlets,
    sums.articles,
    sums.articles_unique,
    sums.statements,
    sums.statements_against,
    sums.statements_neutral,
    sums.statements_favour,
    sums.statements_abstained,
    sums.total::DOUBLE / sums.articles AS stance_mean,
    mean_low(sums.articles, sums.total, sums.squares, sums.stories) AS stance_mean_low,
    mean_high(sums.articles, sums.total, sums.squares, sums.stories) AS stance_mean_high,
    sums.total_unique::DOUBLE / sums.articles_unique AS stance_mean_unique,
    mean_low(sums.articles_unique, sums.total_unique, sums.squares_unique, sums.articles_unique)
        AS stance_mean_unique_low,
    mean_high(sums.articles_unique, sums.total_unique, sums.squares_unique, sums.articles_unique)
        AS stance_mean_unique_high,
    within(sums.total_score::DOUBLE / sums.n, -1, 1) AS stance_corrected,
    corrected_low(sums.n, sums.total_score, sums.squares_score, sums.added_score, -1) AS stance_corrected_low,
    corrected_high(sums.n, sums.total_score, sums.squares_score, sums.added_score, -1) AS stance_corrected_high,
    sums.unique_against / sums.n AS against_share,
    within(sums.first_share, 0, 1) AS against_share_corrected,
    corrected_low(sums.n, sums.total_against, sums.squares_against, sums.added_against, 0)
        AS against_share_corrected_low,
    corrected_high(sums.n, sums.total_against, sums.squares_against, sums.added_against, 0)
        AS against_share_corrected_high,
    sums.unique_favour / sums.n AS favour_share,
    within(sums.last_share, 0, 1) AS favour_share_corrected,
    corrected_low(sums.n, sums.total_favour, sums.squares_favour, sums.added_favour, 0) AS favour_share_corrected_low,
    corrected_high(sums.n, sums.total_favour, sums.squares_favour, sums.added_favour, 0) AS favour_share_corrected_high,
    sums.clearest.stance_id AS clearest_stance_id
FROM shares AS sums
LEFT JOIN entities ON sums.target_kind = 'entity' AND sums.target_id = entities.entity_id
LEFT JOIN issues ON sums.target_kind = 'issue' AND sums.target_id = issues.issue_id
ORDER BY sums.day, sums.holder_id NULLS LAST, sums.holder, sums.target_kind, sums.target_id;
