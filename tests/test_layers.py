"""Imports go one way: the contracts are in pyproject.toml under `tool.importlinter`."""

from __future__ import annotations

from pathlib import Path

from importlinter.cli import lint_imports


def test_imports_go_one_way(capsys: object) -> None:
    config = Path(__file__).resolve().parents[1] / "pyproject.toml"
    assert lint_imports(config_filename=str(config), no_cache=True) == 0, "the contracts that broke are printed above"
