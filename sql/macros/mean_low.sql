-- Lower end of the 95 % t-interval of a mean of `n` scores on the scale -1 to 1, from `draws` independent draws.
-- One draw says nothing about spread: its interval is the whole scale.
CREATE MACRO mean_low(n, total, squares, draws) AS
CASE
    WHEN n = 0 THEN NULL
    WHEN draws = 1 THEN -1
    ELSE greatest(total::DOUBLE / n - mean_margin(n, total, squares, draws), -1)
END::DOUBLE;
