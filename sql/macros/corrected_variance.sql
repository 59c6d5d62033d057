-- What the development items that a correction was measured on add to the variance of a corrected share or score: each
-- true class's variance, as `corrections` has it, by the square of the class's share (delta method).
CREATE MACRO corrected_variance(variances, first_share, neutral_share, last_share) AS
variances[1] * greatest(least(first_share, 1), 0) ** 2
+ variances[2] * greatest(least(neutral_share, 1), 0) ** 2
+ variances[3] * greatest(least(last_share, 1), 0) ** 2;
