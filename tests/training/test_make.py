"""The recipe of the shipped weights names what is there, and its steps are commands that training understands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training is an extra: pip install -e '.[train]'")

from pipeline.training.make import RECIPE, ROOT, train_command

STEPS = tomllib.loads(RECIPE.read_text(encoding="utf-8"))


def test_the_label_files_of_the_recipe_are_in_the_project() -> None:
    for step in [*STEPS["train"], *STEPS["judge"]]:
        kinds = ("labels", "rows", "written", "reports")
        assert all((ROOT / file).is_file() for kind in kinds for file in step.get(kind, []))


def test_a_step_begins_with_what_was_made_before_it() -> None:
    made = ["start"]
    for step in STEPS["train"]:
        assert set(step["start"]) | set(step["teacher"]) <= set(made)
        assert step.get("targets", "start") in made
        made.append(step["run"])
    for step in STEPS["judge"]:
        assert step["start"] == STEPS["export"]["runs"]
        made.append(step["run"])
    assert STEPS["export"]["judge"] in made
    assert set(STEPS["export"]["runs"]) <= set(made)


def test_development_articles_are_not_trained_on() -> None:
    trained = {file for step in STEPS["train"] for file in step["annotated"]}
    assert not trained & set(STEPS["export"]["dev"])


def test_a_step_is_a_command_of_training(tmp_path: Path) -> None:
    step = {"run": "one", "start": ["start"], "annotated": ["a.jsonl"], "epochs": 2, "shares": {"stance": 0.5}}
    step |= {
        "targets": "zero",
        "written": ["labels/w.jsonl.gz"],
        "twice": ["polarity"],
        "reports": ["labels/r.jsonl.gz"],
    }
    words = train_command(step, tmp_path / "data", tmp_path / "gold", tmp_path / "work")
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    assert pairs["--run"] == str(tmp_path / "work/one")
    assert pairs["--annotated"] == str(tmp_path / "gold/a.jsonl")
    made = {str(tmp_path / "work/zero-reader"), str(ROOT / "labels/w.jsonl.gz"), str(ROOT / "labels/r.jsonl.gz")}
    assert made | {"--twice"} <= set(words)
    assert words[-3:] == ["--share", "stance", "0.5"]
