-- Who took which side of each issue in the week to the day, with the interval over articles.
WITH scores AS (
    SELECT
        s.target_id,
        s.holder_id,
        s.holder,
        s.article_id,
        a.story_id,
        count(*) AS statements,
        count(*) FILTER (WHERE s.stance = 'favour') AS favour,
        count(*) FILTER (WHERE s.stance = 'against') AS against,
        avg(s.favour - s.against)::DECIMAL(9, 6) AS score
    FROM stances AS s
    INNER JOIN articles AS a ON s.day = a.day AND s.article_id = a.article_id
    WHERE s.is_latest AND s.target_kind = 'issue' AND s.published_on BETWEEN $day - 6 AND $day
    GROUP BY ALL
)

SELECT
    i.issue_id,
    i.name AS issue,
    i.proposition,
    scores.holder_id,
    scores.holder,
    count(*) AS articles,
    sum(scores.statements)::BIGINT AS statements,
    sum(scores.favour)::BIGINT AS favour,
    sum(scores.against)::BIGINT AS against,
    avg(scores.score) AS mean,
    mean_low(count(*), sum(scores.score), sum(scores.score * scores.score), count(DISTINCT scores.story_id)) AS low,
    mean_high(count(*), sum(scores.score), sum(scores.score * scores.score), count(DISTINCT scores.story_id)) AS high
FROM issues AS i
LEFT JOIN scores ON i.issue_id = scores.target_id
GROUP BY i.issue_id, i.name, i.proposition, scores.holder_id, scores.holder
ORDER BY i.issue_id, statements DESC NULLS LAST, scores.holder_id NULLS LAST, scores.holder;
