-- Half the width of the 95 % t-interval of a mean of `n` scores, from their sum and their sum of squares, where they
-- come from `draws` independent draws.
CREATE MACRO mean_margin(n, total, squares, draws) AS
t975(draws - 1) * sqrt(greatest(squares::DOUBLE - total::DOUBLE ** 2 / n, 0) / (n - 1) / draws);
