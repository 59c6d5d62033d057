"""What tests of several rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.lake import Lake
from pipeline.warehouse import build_warehouse
from tests.desk import CONFIG, write_week


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published warehouse of `tests.desk.write_week`; read only."""
    folder = tmp_path_factory.mktemp("published")
    path = folder / "warehouse.duckdb"
    build_warehouse(write_week(Lake(folder / "lake")), path, CONFIG, threads=2)
    return path
