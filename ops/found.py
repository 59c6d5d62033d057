"""What the warehouse holds, in a few lines: the end of `make run`."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.cli import new_console, new_table

ROWS = 8
"""Rows of each table: all of it on one screen."""

TOTALS = """
    select count(distinct day), count(*), count(distinct outlet),
        (select count(*) from mentions), (select count(*) from statements), (select count(*) from stances),
        (select count(*) from quarantine)
    from articles"""
FOUND = {
    "Who was talked about, and how by the outlets themselves (-1 to 1)": f"""
        select name, any_value(type) as type, sum(articles)::int as articles,
            sum(mentions + mentions_quoted)::int as mentions,
            printf('%+.2f', sum(sentiment_mean * articles) / sum(articles)) as sentiment
        from entity_sentiment_daily group by entity_id, name
        order by articles desc, mentions desc, name limit {ROWS}""",
    "Who was quoted": f"""
        select speaker, sum(statements)::int as statements, count(distinct outlet)::int as outlets
        from speaker_share_daily group by speaker_id, speaker order by statements desc, speaker limit {ROWS}""",
    "Where they stand on the issues (-1 against, 1 in favour)": f"""
        select target as issue, holder, sum(statements)::int as statements,
            printf('%+.2f', sum(stance_mean * statements) / sum(statements)) as stance
        from stance_daily where target_kind = 'issue' and holder_id is not null
        group by target_id, target, holder_id, holder
        order by statements desc, abs(sum(stance_mean * statements)) desc, issue, holder limit {ROWS}""",
}
FAILED = f"""
    select day, source, any_value(problem) as problem from fetches where status = 'failed' group by all limit {ROWS}"""


def print_found(warehouse: Path) -> None:
    """Print totals and the tops of three marts, then where the warehouse is and how to go on."""
    console = new_console()
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for title, query in FOUND.items():
            rows = con.sql(query)
            console.print(new_table(title, rows.columns, rows.fetchall()))
        if failed := con.sql(FAILED).fetchall():
            console.print(new_table("Sources that failed", ["day", "source", "problem"], failed))
        totals = con.execute(TOTALS).fetchone()
    assert totals is not None
    days, articles, outlets, mentions, statements, stances, refused = totals
    console.print(
        f"{days} days, {articles} articles of {outlets} outlets ({refused} pages refused): "
        f"{mentions} mentions, {statements} statements, {stances} stances."
    )
    console.print(f"Warehouse:  {warehouse}\nFront page: {warehouse.with_name('report.html')}", soft_wrap=True)
