"""The evaluation's figures on a case small enough to count by hand, and what it says of a bad label file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.evaluation.entities import Guess, LabelError, Labels, Said, evaluate, load_labels
from tests.stages.marked import nobody

BODY = "Piet Lund met Ina Moss. Lund said that Moss lies. He left."
LUND, LATER_LUND, MOSS, LATER_MOSS = (0, 9), (24, 28), (14, 22), (39, 43)
LABELS = {
    "article_id": "a",
    "entities": {
        "lund": {"id": None, "name": "Piet Lund", "type": "PER"},
        "moss": {"id": "Q4", "name": "Ina Moss", "type": "PER"},
    },
    "mentions": [
        {"start": start, "end": end, "entity": entity}
        for (start, end), entity in ((LUND, "lund"), (MOSS, "moss"), (LATER_LUND, "lund"), (LATER_MOSS, "moss"))
    ],
    "missed": [{"start": 50, "end": 52, "entity": "lund"}],
    "statements": [
        {
            "speaker_start": 24,
            "speaker_end": 28,
            "cue_start": 29,
            "cue_end": 33,
            "content": [{"start": 39, "end": 48}],
            "speaker": "lund",
        },
        {"speaker_start": 50, "speaker_end": 52, "cue_start": None, "cue_end": None, "content": [], "speaker": "none"},
    ],
}
PIET, INA = Guess("per-piet-lund", None, "Piet Lund", False), Guess("Q4", "Q4", "Ina Moss", True)


def figures(spans: dict[tuple[int, int], Guess], said: Said | None = None) -> dict[str, tuple[float, float]]:
    found = {("a", *span): guess for span, guess in spans.items()}
    rows: list[dict[str, Any]] = evaluate([Labels.model_validate(LABELS)], found, said or {}, {"a": BODY}, nobody)
    return {row["metric"]: (row["stage"], row["exact match"]) for row in rows}


def test_all_right_is_a_hundred() -> None:
    right = figures({LUND: PIET, LATER_LUND: PIET, (50, 52): PIET, MOSS: INA, LATER_MOSS: INA})
    for metric in ("b_cubed_f1", "b_cubed_f1_across", "link_precision", "link_recall", "speaker_precision"):
        assert right[metric][0] == 100, metric
    assert right["speaker_rate_of_named"][0] == right["speaker_rate_of_all"][0] == 100


def test_b_cubed_is_the_mean_over_spans() -> None:
    # Lund 3 spans: two together, one left out; Moss 2 spans, one of them among the Lunds.
    found = figures({LUND: PIET, LATER_LUND: PIET, MOSS: INA, LATER_MOSS: PIET})
    assert found["b_cubed_precision"][0] == pytest.approx(100 * (2 / 3 + 2 / 3 + 1 + 1 + 1 / 3) / 5)
    assert found["b_cubed_recall"][0] == pytest.approx(100 * (2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)


def test_the_baseline_knows_only_the_very_words() -> None:
    assert figures({})["b_cubed_recall"][1] == pytest.approx(100 * (3 * (1 / 3) + 2 * (1 / 2)) / 5)


def test_a_wrong_link_costs_precision_and_a_missing_one_recall() -> None:
    found = figures({MOSS: INA, LUND: INA})
    assert (found["link_precision"][0], found["link_recall"][0]) == (50, 50)


def test_a_span_that_is_nearly_the_same_counts() -> None:
    assert figures({(24, 29): PIET})["speaker_rate_of_named"][0] == 100
    assert figures({(24, 43): PIET})["speaker_rate_of_named"][0] == 0


def test_a_statement_is_known_by_what_is_said() -> None:
    moss_said_it: Said = {"a": [((39, 43), [(39, 47)]), (None, [(50, 57)])]}
    assert figures({LATER_MOSS: PIET}, moss_said_it)["speaker_rate_of_named"][0] == 100
    assert figures({LATER_MOSS: PIET}, {"a": [((39, 43), [(50, 57)])]})["speaker_rate_of_named"][0] == 0


def test_whom_the_stage_leaves_apart_it_does_not_name() -> None:
    apart = Guess("per-lund", None, "Lund", False, is_apart=True)
    assert figures({LATER_LUND: apart})["speaker_precision"][0] == 0
    assert figures({LATER_LUND: apart, LUND: PIET})["speaker_rate_of_named"][0] == 0


def test_a_nobody_s_statement_does_not_count() -> None:
    assert figures({})["statements_with_a_speaker"][0] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mentions": [{"start": 0, "end": 9, "entity": "vale"}]}, r":2: not among the article.s entities: vale"),
        ({"mentions": [{"start": 0, "end": "x", "entity": None}]}, r":2: mentions.0.end"),
        ({"colour": "red"}, r":2: colour"),
    ],
)
def test_a_bad_line_is_told_with_its_number(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(f"{json.dumps(LABELS)}\n{json.dumps(LABELS | change)}\n")
    with pytest.raises(LabelError, match=said):
        load_labels(tmp_path / "l.jsonl")


def test_a_file_of_labels_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(json.dumps(LABELS) + "\n")
    assert load_labels(tmp_path / "l.jsonl") == [Labels.model_validate(LABELS)]
