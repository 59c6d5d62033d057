-- Lower end of the 95 % t-interval of a corrected share (`lowest` 0) or score (`lowest` -1): `n` items, the sum and the
-- sum of squares of their corrected parts, the variance that the correction itself adds. One item leaves it all open.
CREATE MACRO corrected_low(n, total, squares, added_variance, lowest) AS
CASE
    WHEN n = 0 OR total IS NULL THEN NULL
    WHEN n = 1 THEN lowest
    ELSE greatest(least(
        total::DOUBLE / n - t975(n - 1)
        * sqrt(greatest(squares::DOUBLE - total::DOUBLE ** 2 / n, 0) / (n - 1) / n + added_variance),
        1), lowest)
END::DOUBLE;
