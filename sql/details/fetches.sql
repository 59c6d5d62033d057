-- What fetching brought; one row per day, source and outlet.
SELECT * FROM lake.fetches
ORDER BY day, source, outlet;
