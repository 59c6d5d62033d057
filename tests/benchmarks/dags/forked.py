"""Tasks that run what the pipeline's tasks run, in the processes that Airflow forks for them."""

from __future__ import annotations

from airflow.sdk import DAG, task


@task
def work(number: int) -> int:
    """Polars, DuckDB and the reader, each with its own threads; returns how many mentions were found."""
    from pipeline.settings import load_settings
    from pipeline.threads import cap_threads

    settings = load_settings()
    cap_threads(settings.threads)
    import duckdb
    import polars as pl

    from pipeline.reader import load_reader

    groups = pl.LazyFrame({"n": range(200_000)}).group_by(pl.col("n") % 7).agg(pl.len()).collect()
    with duckdb.connect() as con:
        con.execute(f"set threads = {settings.threads}")
        con.register("groups", groups)
        assert con.sql("select sum(len) from groups").fetchall() == [(200_000,)]
    texts = ["Mayor Ada Quill told the Harbour Times that the toll was a disgrace."] * 32
    return load_reader(settings.reader, threads=settings.threads).read(texts).mentions.height


with DAG("forked", schedule=None, params={"tasks": 100}) as dag:

    @task
    def numbers(params: dict[str, int] | None = None) -> list[int]:
        assert params
        return list(range(params["tasks"]))

    work.expand(number=numbers())
