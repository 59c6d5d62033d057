"""The same numbers on every processor: int8 products that do not overflow where there is no VNNI."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
from tokenizers import Tokenizer

from pipeline.reader import SHIPPED, Reader, encoder_of, judge_of, load_card, load_reader, open_session
from pipeline.stages.normalise import extract
from sample.serve import ROOT

PAGES = sorted(ROOT.glob("*/*/**/*.html"))[:12]


def has_vnni() -> bool:
    try:
        return "vnni" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def texts() -> list[str]:
    pages = ((page, f"http://{page.relative_to(ROOT)}") for page in PAGES)
    return [found.body for page, url in pages if (found := extract(page.read_bytes(), url))]


def test_the_sessions_ask_for_products_that_do_not_overflow() -> None:
    options = open_session(SHIPPED / "reader.onnx").get_session_options()
    assert options.get_session_config_entry("session.x64quantprecision") == "1"


@pytest.mark.skipif(not has_vnni(), reason="without VNNI the plain products overflow: that is why the option is set")
def test_the_rows_of_the_sample_do_not_depend_on_it() -> None:
    def plain(name: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(SHIPPED / name, options, providers=["CPUExecutionProvider"])

    tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
    other = Reader(encoder_of(plain("reader.onnx")), judge_of(plain("judge.onnx")), tokenizer, load_card())
    with_it, without = load_reader().read(texts()), other.read(texts())
    assert with_it.statements.height > 10
    assert with_it.mentions.equals(without.mentions)
    assert with_it.statements.equals(without.statements)
    assert with_it.references.equals(without.references)
