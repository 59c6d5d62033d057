-- The 97.5 % quantile of Student's t with `df` degrees of freedom.
-- To 4 degrees from the table; beyond, the Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5), within 0.1 %.
CREATE MACRO t975(df) AS
CASE
    WHEN df < 1 THEN NULL
    WHEN df = 1 THEN 12.7062
    WHEN df = 2 THEN 4.3027
    WHEN df = 3 THEN 3.1824
    WHEN df = 4 THEN 2.7764
    ELSE 1.959964 + 2.372271 / df + 2.822498 / df ** 2 + 2.555849 / df ** 3
END;
