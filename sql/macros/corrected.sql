-- A corrected share's or score's part from one item: its three probabilities, weighted as `corrections` says. The mean
-- over the items is the probabilistic adjusted count (Bella et al., ICDM 2010). As a decimal, so that a sum does not
-- depend on the order of the rows.
CREATE MACRO corrected(weights, first_one, neutral_one, last_one) AS
try_cast(weights[1] * first_one + weights[2] * neutral_one + weights[3] * last_one AS DECIMAL(12, 6));
