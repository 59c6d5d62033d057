"""How well and how fast pages are read, against other libraries in the same run.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.extraction FOLDER

FOLDER holds the pages of the article extraction benchmark (`ground-truth.json`, `html/*.html.gz`). The measure is that
benchmark's: shingles of four words; precision and recall of each page, then their means, then F1. One core, decoding
included. `ours` is the whole of `extract`, with headline, authors, time and language, and each page is read by weights
that saw no page of its site or template; `ours, shipped` is the same with the shipped weights, which saw all of them.
Peers that are not installed are left out: pip install resiliparse readability-lxml newspaper4k
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import random
import re
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import trafilatura

from pipeline.stages.normalise import extract

Page = tuple[str, bytes]
"""Address and bytes."""
RUNS = 3
"""Of which the fastest counts: the machine's other work only ever slows one."""
RESAMPLES = 1_000


def shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[i : i + 4]) for i in range(max(1, len(words) - 3)) if words)


def page_scores(true: str, found: str) -> tuple[float | None, float | None]:
    """Precision and recall; None where there is nothing to be precise about, or to recall."""
    wanted, got = shingles(true), shingles(found)
    shared = (wanted & got).total()
    return shared / got.total() if got else None, shared / wanted.total() if wanted else None


def summary(scores: list[tuple[float | None, float | None]]) -> tuple[float, float, float]:
    precision = statistics.mean(p for p, _ in scores if p is not None)
    recall = statistics.mean(r for _, r in scores if r is not None)
    return precision, recall, 2 * precision * recall / (precision + recall)


def margin(scores: list[tuple[float | None, float | None]]) -> float:
    """Half the 95 % interval of F1, over pages drawn again and again."""
    draw = random.Random(1)
    return 1.96 * statistics.stdev(summary(draw.choices(scores, k=len(scores)))[2] for _ in range(RESAMPLES))


def decoded(page: bytes) -> str:
    return page.decode("utf-8", "replace")


def _ours(page: Page) -> str:
    found = extract(page[1], page[0])
    return found.body if found else ""


def _trafilatura(page: Page) -> str:
    return trafilatura.extract(decoded(page[1]), include_comments=False, include_tables=False) or ""


def _trafilatura_fast(page: Page) -> str:
    return trafilatura.extract(decoded(page[1]), fast=True, include_comments=False, include_tables=False) or ""


def peers() -> dict[str, Callable[[Page], str]]:
    """The other extractors that are installed."""
    found: dict[str, Callable[[Page], str]] = {"trafilatura": _trafilatura, "trafilatura, fast": _trafilatura_fast}
    try:
        from resiliparse.extract.html2text import extract_plain_text

        found["resiliparse"] = lambda page: extract_plain_text(
            decoded(page[1]), main_content=True, alt_texts=False, links=False, form_fields=False, noscript=False
        )
    except ImportError:
        pass
    try:
        from lxml.html import fromstring
        from readability import Document

        found["readability-lxml"] = lambda page: fromstring(Document(decoded(page[1])).summary()).text_content()
    except ImportError:
        pass
    try:
        import newspaper

        def read(page: Page) -> str:
            article = newspaper.Article(page[0])
            article.download(input_html=decoded(page[1]))
            article.parse()
            return str(article.text)

        found["newspaper4k"] = read
    except ImportError:
        pass
    return found


def texts_and_rate(read: Callable[[Page], str], pages: list[Page]) -> tuple[list[str], float]:
    """What it finds on each page, nothing where it fails, and pages a second of processor time."""

    def one(page: Page) -> str:
        try:
            return read(page)
        except Exception:  # a peer that fails on a page has found nothing there
            return ""

    best, texts = float("inf"), list[str]()
    for _ in range(RUNS):
        start = time.process_time()
        texts = [one(page) for page in pages]
        best = min(best, time.process_time() - start)
    return texts, len(pages) / best


def held_out(folder: Path) -> dict[str, str]:
    """The text of each page as `extract` finds it with weights that saw no page of its site or template."""
    from pipeline.training.extractor import examples_of, folds, train

    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    found = {}
    for training, others in folds(examples_of(folder)):
        with patch("pipeline.extractor._weights", return_value=train(training)):
            for example in others:
                page = gzip.decompress((folder / "html" / f"{example.page}.html.gz").read_bytes())
                found[example.page] = _ours((truth[example.page]["url"], page))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    if not folder.exists():
        print(f"{folder} is not here: nothing to measure")
        return
    logging.disable()
    warnings.simplefilter("ignore")
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    names = sorted(truth)
    pages = [(truth[n]["url"], gzip.decompress((folder / "html" / f"{n}.html.gz").read_bytes())) for n in names]
    print(f"{len(pages)} pages\n{'':22} precision  recall     F1           pages/s")
    shipped = texts_and_rate(_ours, pages)
    unseen = held_out(folder)
    rows = {"ours": ([unseen[n] for n in names], shipped[1]), "ours, shipped": shipped}
    rows |= {name: texts_and_rate(read, pages) for name, read in peers().items()}
    for name, (texts, rate) in rows.items():
        scores = [page_scores(truth[n]["articleBody"], text) for n, text in zip(names, texts, strict=True)]
        precision, recall, f1 = summary(scores)
        print(f"{name:22} {precision:.4f}     {recall:.4f}  {f1:.4f} ± {margin(scores):.3f}  {rate:7.0f}", flush=True)


if __name__ == "__main__":
    main()
