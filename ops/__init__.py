"""What `make` runs: the set-up of a local Airflow, the sample days, and the servers of `make up`."""
