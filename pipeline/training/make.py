"""Make the shipped weights again: every step of `recipe.toml`, in order.

    python -m pipeline.training.make --data DATA --gold GOLD --work FOLDER [--out pipeline/reader/weights]

FOLDER receives the weights that training begins with (from the project's history), the runs and the fp32 graph; a step
that is done is not done again. DATA and GOLD are described in docs/reader.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RECIPE = Path(__file__).parent / "recipe.toml"
ROOT = Path(__file__).parents[2]


def checked_out(commit: str, path: str, folder: Path) -> Path:
    """The files of a folder of the project as a commit holds them.

    Raises:
        subprocess.CalledProcessError: the project's history lacks the commit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", f"{commit}:{path}"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.split():
        shown = subprocess.run(["git", "show", f"{commit}:{path}/{name}"], cwd=ROOT, check=True, capture_output=True)
        (folder / name).write_bytes(shown.stdout)
    return folder


def reader_of(run: str) -> str:
    """The folder of the reader that a run is exported to, between two steps."""
    return f"{run}-reader"


def train_command(step: dict[str, Any], data: Path, gold: Path, work: Path) -> list[str]:
    """The arguments of `pipeline.training.train` for one step of the recipe."""
    words = ["--data", str(data), "--run", str(work / step["run"])]
    for name in ("start", "teacher"):
        if step.get(name):
            words += [f"--{name}", *(str(work / run) for run in step[name])]
    if step.get("targets"):
        words += ["--targets", str(work / reader_of(step["targets"]))]
    words += files_of(step, gold)
    for name in ("taught", "twice"):
        if step.get(name):
            words += [f"--{name}", *step[name]]
    for name in ("epochs", "seed", "rate", "agree", "readings", "old_pairs"):
        if name in step:
            words += [f"--{name.replace('_', '-')}", str(step[name])]
    for task, share in step.get("shares", {}).items():
        words += ["--share", task, str(share)]
    return words


def files_of(step: dict[str, Any], gold: Path) -> list[str]:
    """The arguments for the files that a step learns from: `annotated` ones lie in GOLD, all others in the project."""
    annotated = [
        *(gold / file for file in step.get("annotated", [])),
        *(ROOT / file for file in step.get("reports", [])),
    ]
    words = ["--annotated", *map(str, annotated)] if annotated else []
    for name in ("labels", "rows", "written"):
        if step.get(name):
            words += [f"--{name}", *(str(ROOT / file) for file in step[name])]
    return words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "pipeline/reader/weights")
    arguments = parser.parse_args()
    recipe = tomllib.loads(RECIPE.read_text(encoding="utf-8"))
    work = arguments.work
    checked_out(recipe["start"]["commit"], recipe["start"]["path"], work / "start")

    def run(module: str, *words: str) -> None:
        subprocess.run([sys.executable, "-m", f"pipeline.training.{module}", *words], check=True)

    def export(runs: Sequence[str], out: Path, *words: str) -> None:
        folders = ["--run", *(str(work / name) for name in runs), "--before", str(work / "start"), "--out", str(out)]
        run("export", "--data", str(arguments.data), *folders, *words)

    for step in recipe["train"]:
        if "targets" in step and not (work / reader_of(step["targets"])).exists():
            export([step["targets"]], work / reader_of(step["targets"]))
        run("train", *train_command(step, arguments.data, arguments.gold, work))
    final = recipe["export"]
    export(final["runs"], work / "reader")
    for step in recipe["judge"]:
        words = ["--data", str(arguments.data), "--reader", str(work / "reader"), "--run", str(work / step["run"])]
        words += files_of(step, arguments.gold)
        for name in ("epochs", "seed", "rate"):
            words += [f"--{name}", str(step[name])]
        run("judge", *words, "--start", *(str(work / name) for name in step["start"]))
    dev = [str(arguments.gold / file) for file in final["dev"]]
    export(final["runs"], arguments.out, "--judge", str(work / final["judge"]), "--gold", *dev)


if __name__ == "__main__":
    main()
