-- How accurate the reader is on public test sets.
SELECT reading, dataset, split, metric, value, size, reader
FROM eval_scores
ORDER BY reading, dataset, split, metric;
