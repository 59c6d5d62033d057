"""The same numbers on every processor: int8 products that do not overflow where there is no VNNI."""

from __future__ import annotations

import pytest

import pipeline.reader
from pipeline.reader import SHIPPED, has_vnni, load_reader, open_session
from pipeline.stages.normalise import extract
from sample.serve import ROOT

PAGES = sorted(ROOT.glob("*/*/**/*.html"))[:12]


def texts() -> list[str]:
    pages = ((page, f"http://{page.relative_to(ROOT)}") for page in PAGES)
    return [found.body for page, url in pages if (found := extract(page.read_bytes(), url))]


@pytest.mark.parametrize("vnni", [True, False])
def test_sessions_ask_for_products_that_do_not_overflow_where_there_is_no_vnni(
    monkeypatch: pytest.MonkeyPatch, vnni: bool
) -> None:
    monkeypatch.setattr(pipeline.reader, "has_vnni", lambda: vnni)
    options = open_session(SHIPPED / "judge.onnx").get_session_options()
    if vnni:
        with pytest.raises(RuntimeError):
            options.get_session_config_entry("session.x64quantprecision")
    else:
        assert options.get_session_config_entry("session.x64quantprecision") == "1"


@pytest.mark.skipif(not has_vnni(), reason="without VNNI the plain products overflow: that is why the option is set")
def test_the_rows_of_the_sample_do_not_depend_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = load_reader().read(texts())
    monkeypatch.setattr(pipeline.reader, "has_vnni", lambda: False)
    wide = load_reader().read(texts())
    assert plain.statements.height > 10
    assert plain.mentions.equals(wide.mentions)
    assert plain.statements.equals(wide.statements)
    assert plain.references.equals(wide.references)
