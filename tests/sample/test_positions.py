"""The sample week, from its web to the published file: who stands where, against what a careful reader says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.evaluation.positions import Position, score_positions, summary
from sample.serve import ROOT, serving


@pytest.fixture(scope="module")
def positions(tmp_path_factory: pytest.TempPathFactory) -> list[Position]:
    folder = tmp_path_factory.mktemp("week")
    warehouse = folder / "warehouse.duckdb"
    with serving() as proxy:
        environment = os.environ | {
            "http_proxy": proxy,
            "no_proxy": "",
            "STANDPOINT_CONFIG": str(ROOT / "standpoint.toml"),
            "STANDPOINT_LAKE": str(folder / "lake"),
            "STANDPOINT_WAREHOUSE": str(warehouse),
        }
        command = [sys.executable, "-m", "pipeline.cli", "backfill", "2026-01-05", "2026-01-11"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return score_positions(warehouse, ROOT / "expected.toml")


def test_the_positions_of_the_sample_are_scored(positions: list[Position], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{summary(positions)}")
    assert len(positions) == 14
    # Three are right with the weights that ship, eleven are wanted (docs/research/2026-11-30-sides.md).
    assert sum(position.is_right for position in positions) >= 3
