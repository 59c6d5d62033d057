-- How accurate the reader is; one row per reading, data set, split and metric.
SELECT * FROM lake.eval_scores
ORDER BY reading, dataset, split, metric, reader;
