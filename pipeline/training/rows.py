"""Rows of `stances` judged one by one: a statement as the reader found it, one target, and the side taken toward it.

A line of `labels/rows-*.jsonl.gz` names its article by url and by the sha256 of its text, and gives by code points the
`speaker`, the `cue` (null where there is none), the `content`, what of it somebody else says (`nested`), and the places
that mean the `target`; then the `side` and whether a fair reader could leave it out (`arguable`). Where the words are
not the speaker's, or are about somebody else, there is no side: neutral.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.reader import SIDES
from pipeline.reader.roles import Range, passage, roles
from pipeline.reader.tokens import Tokens
from pipeline.training.annotated import ARGUABLE, Judgement
from pipeline.training.data import IGNORE
from pipeline.training.labels import LabelError, digest, texts_of


@dataclass(frozen=True)
class JudgedRow:
    """One row, in code points of its text."""

    speaker: Range | None
    cue: Range | None
    content: tuple[Range, ...]
    nested: tuple[Range, ...]
    target: tuple[Range, ...]
    side: str
    arguable: bool


def read_rows(paths: Iterable[Path], data: Path) -> Iterator[tuple[str, list[JudgedRow]]]:
    """(text, its rows) of each article of the files, with the texts of the data folder.

    Raises:
        LabelError: a text is absent or is not the one that was judged.
        ValueError: a line is not a judged row; the message says which.
    """
    rows: dict[tuple[str, str], list[JudgedRow]] = {}
    for path in sorted(paths):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    r = json.loads(line)
                    rows.setdefault((r["url"], r["sha256"]), []).append(_row(r))
                except (KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{path}:{number} is not a judged row: {error!r}") from error
    if not rows:
        return
    urls = {url for url, _ in rows}
    for url, _, text in texts_of(data):
        if url in urls and (found := rows.pop((url, digest(text)), None)):
            yield text, found
    if rows:
        raise LabelError(
            f"no text in {data} is the one that was judged of {next(iter(rows))[0]}, and of {len(rows) - 1} others; "
            "take the texts from where docs/reader.md says"
        )


def _row(r: dict[str, Any]) -> JudgedRow:
    if r["side"] not in SIDES:
        raise ValueError(f"side {r['side']!r} is none of {', '.join(SIDES)}")
    content, nested, target = (tuple((s, e) for s, e in r[k]) for k in ("content", "nested", "target"))
    speaker, cue = (None if r[k] is None else (r[k][0], r[k][1]) for k in ("speaker", "cue"))
    return JudgedRow(speaker, cue, content, nested, target, r["side"], bool(r["arguable"]))


def judgements_of(rows: Sequence[JudgedRow], tokens: Tokens, ends: Iterable[int]) -> Iterator[Judgement]:
    """Each row as its passage is judged; how the speaker stands to what is said is not known (`IGNORE`). `ends`: ids of
    the pieces that end a sentence."""
    stops = np.isin(tokens.ids, sorted(ends))
    for row in rows:
        content, nested, target = (
            [p for span in spans if (p := tokens.pieces(*span))[0] < p[1]]
            for spans in (row.content, row.nested, row.target)
        )
        if not content:
            continue
        speaker, cue = (None if span is None else tokens.pieces(*span) for span in (row.speaker, row.cue))
        within = passage(stops, content, [x for x in (speaker, cue) if x])
        inside = tuple(p for p in target if within[0] <= p[0] and p[1] <= within[2])
        if inside:
            weight = ARGUABLE if row.arguable else 1.0
            sided = ((inside, SIDES.index(row.side), weight),)
            yield Judgement(within, roles(within, content, speaker, cue, nested), IGNORE, sided)
