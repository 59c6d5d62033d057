-- Lower end of the 95 % score interval of a share of `n` draws (Wilson 1927); null where n = 0.
CREATE MACRO wilson_low(share, n) AS
CASE WHEN n > 0 THEN greatest(
    0,
    least(
        share,
        (share + 1.920729 / n - 1.959964 * sqrt(share * (1 - share) / n + 0.960365 / n ** 2)) / (1 + 3.841459 / n)
    )
) END::DOUBLE;
