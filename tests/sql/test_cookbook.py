"""The cookbook's notebook: it asks every question, its plots are made, and it is kept without output."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.lake import Lake
from pipeline.warehouse import SQL, build_warehouse
from tests.sql.test_examples import THREE, write_month

alt = pytest.importorskip("altair", reason="Altair is not installed")
NOTEBOOK = SQL.parent / "examples" / "cookbook.ipynb"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def test_every_question_is_asked() -> None:
    asked = re.findall(r'ask\("(\w+)"\)', "\n".join("".join(cell["source"]) for cell in cells()))
    assert sorted(asked) == sorted(file.stem for file in (SQL / "examples").glob("*.sql"))


def test_it_is_kept_without_output() -> None:
    assert [cell for cell in cells() if cell["outputs"] or cell["execution_count"]] == []


def test_every_cell_runs_and_every_plot_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_warehouse(write_month(Lake(tmp_path / "lake")), tmp_path / "w.duckdb", THREE, threads=1)
    monkeypatch.setenv("STANDPOINT_WAREHOUSE", os.fspath(tmp_path / "w.duckdb"))
    monkeypatch.chdir(NOTEBOOK.parent)
    variables: dict[str, Any] = {}
    plots = []
    for cell in cells():
        *before, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(before, []), NOTEBOOK.name, "exec"), variables)
        if isinstance(last, ast.Expr):  # what a notebook shows
            shown = eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), variables)
            if isinstance(shown, alt.TopLevelMixin):
                plots.append(json.loads(shown.to_json()))  # checked against the schema of Vega-Lite
        else:
            exec(compile(ast.Module([last], []), NOTEBOOK.name, "exec"), variables)
    variables["warehouse"].close()
    assert len(plots) >= 10
    assert all(len(next(iter(plot["datasets"].values()))) > 0 for plot in plots)
