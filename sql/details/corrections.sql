-- What turns the mean of a reader's probabilities into the share of each class. The reader mixes classes up; how often
-- is known from its development sets. The probabilistic adjusted count (Bella et al., ICDM 2010) solves for the shares
-- that would give the mean that was seen, and is right as far as the reader's mistakes within a class are those of the
-- development sets. Rows of a reader that is not here have no corrected figures.
SELECT * FROM lake.corrections
ORDER BY reading, reader;
