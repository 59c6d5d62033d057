"""Makes the table of scores in the exam's README: every system on `dev`.

    python exam/baselines/table.py --date 2026-11-30            prints the rows of all systems
    python exam/baselines/table.py product --date … --write     runs one system and replaces its row in the README

Needs the project's Python; the rule system also needs `pip install vaderSentiment`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from exam.answers import to_lines
from exam.baselines.rules import answer, load_vader
from exam.score import score
from pipeline.evaluation.annotation import Article, load_articles
from pipeline.evaluation.gold import run_articles
from pipeline.evaluation.measures import Count, Scores

EXAM = Path(__file__).resolve().parents[1]
DEV = EXAM / "dev.jsonl.gz"
README = EXAM / "README.md"
HEAD = (
    "| system | date | statements | speakers | sides | turned | who for or against whom | issues | commitment |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
TABLE = re.compile(r"(<!-- scores -->\n)(.*?)(<!-- end of scores -->)", re.DOTALL)


def answer_by_rules(articles: list[Article], folder: Path) -> Iterable[dict[str, Any]]:
    """The rule system."""
    polarity = load_vader()
    return [answer(article, polarity) for article in articles]


def answer_by_product(articles: list[Article], folder: Path) -> Iterable[dict[str, Any]]:
    """The pipeline of this repository, from text to the published DuckDB file."""
    return to_lines(articles, run_articles(articles, folder))


System = Callable[[list[Article], Path], Iterable[dict[str, Any]]]
SYSTEMS: dict[str, tuple[str, System]] = {
    "rules": ("Rules and VADER", answer_by_rules),
    "product": ("Standpoint", answer_by_product),
}


def run_system(system: System) -> Scores:
    """Lets a system answer `dev`, and scores it."""
    with TemporaryDirectory() as folder:
        lines = [json.dumps(line) for line in system(load_articles([DEV]), Path(folder))]
        answers = Path(folder) / "answers.jsonl"
        answers.write_text("\n".join(lines), encoding="utf-8")
        return score(DEV, answers)


def to_row(name: str, scores: Scores, day: date) -> str:
    """One row of the table."""

    def figures(count: Count) -> str:
        return f"{count.f1:.1f} ({count.precision:.1f}, {count.recall:.1f})"

    cells = (
        name,
        str(day),
        figures(scores.statements),
        figures(scores.speakers),
        figures(scores.sides),
        str(scores.turned),
        figures(scores.triples),
        figures(scores.issues),
        f"{scores.commitments.macro_f1:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def replace_rows(page: str, rows: dict[str, str]) -> str:
    """The page with these rows, by system; rows of other systems stay.

    Raises:
        ValueError: the page has no table.
    """
    if not (table := TABLE.search(page)):
        raise ValueError("the page has no table between <!-- scores --> and <!-- end of scores -->")
    old = {line.split("|")[1].strip(): line for line in table[2].splitlines()[2:] if line.startswith("|")}
    lines = "\n".join([HEAD, *(old | rows).values()])
    return page[: table.start()] + f"{table[1]}{lines}\n{table[3]}" + page[table.end() :]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help=f"{', '.join(SYSTEMS)}; all without one")
    parser.add_argument("--date", type=date.fromisoformat, required=True, help="the day of the run, for the table")
    parser.add_argument("--write", action="store_true", help="replace the rows in the README")
    arguments = parser.parse_args()
    if unknown := sorted({*arguments.systems} - {*SYSTEMS}):
        parser.error(f"no system: {', '.join(unknown)}; there are {', '.join(SYSTEMS)}")
    rows = {}
    for key in arguments.systems or SYSTEMS:
        name, system = SYSTEMS[key]
        rows[name] = to_row(name, run_system(system), arguments.date)
    print("\n".join([HEAD, *rows.values()]))
    if arguments.write:
        README.write_text(replace_rows(README.read_text(encoding="utf-8"), rows), encoding="utf-8")


if __name__ == "__main__":
    main()
