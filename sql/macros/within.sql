-- A value, cut to what its scale allows.
CREATE MACRO within(value, lowest, highest) AS
greatest(least(value, highest), lowest);
