"""The figures are what their formulas say."""

import numpy as np
import pytest

from pipeline.training.evaluate import calibration_error, chance_error, f1, macro_f1, score_entities
from tests.reader.conftest import tiny_reader, tiny_tokenizer  # noqa: F401  (fixtures)


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    assert f1(6, 10, 8) == pytest.approx(100 * 2 * 0.6 * 0.75 / (0.6 + 0.75))


def test_macro_f1_counts_a_rare_class_as_much_as_a_common_one():
    gold, predicted = np.array([0, 0, 0, 0, 1]), np.array([0, 0, 0, 0, 0])
    assert macro_f1(gold, predicted, (0, 1)) == pytest.approx((100 * 8 / 9 + 0) / 2)


def test_few_answers_seem_ill_calibrated_by_chance_and_many_do_not():
    few, many = (chance_error(np.full(n, 0.7)) for n in (25, 10_000))
    # One bin: the mean distance of a share of n from 0.7 is sqrt(2 / pi) standard deviations.
    assert few == pytest.approx((2 / np.pi * 0.21 / 25) ** 0.5, rel=0.15)
    assert many < few / 10


def test_calibration_error_is_the_gap_between_sureness_and_truth():
    assert calibration_error(np.array([0.9] * 10), np.array([1.0] * 6 + [0.0] * 4)) == pytest.approx(0.3)


def test_an_entity_counts_only_with_its_exact_span_and_type(tiny_reader, tmp_path):  # noqa: F811
    path = tmp_path / "eng"
    # The tiny reader finds Mara Ode (PER) and Tessel (LOC); the gold agrees on the first only.
    path.write_text("-DOCSTART- -X- O O\n\nMara N N I-PER\nOde N N I-PER\nin N N O\nTessel N N I-ORG\n")
    assert score_entities(tiny_reader, path)["span_f1"] == pytest.approx(50)
