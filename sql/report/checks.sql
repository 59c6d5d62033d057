-- The checks of this publish, those that failed first.
SELECT name, severity, meaning, is_passed, offending_rows, example
FROM checks
ORDER BY is_passed, severity, name;
