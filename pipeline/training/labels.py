"""Annotated articles without their texts: what `labels/` in the project holds.

    python -m pipeline.training.labels ANNOTATED.jsonl… --data DATA --out labels/articles-1.jsonl.gz

ANNOTATED holds articles with their texts, as `pipeline.evaluation.annotation` reads them. A label names its article by
url and by the sha256 of its text, and everything in the text by code points; the texts are in the folders
`allsides_articles` and `wikinews` of DATA and belong to their publishers.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.training.annotated import Annotated, located

# A Wikinews text begins with the day that it is of.
DATELINE = re.compile(r"^\s*\w+day, \w+ \d+, \d{4}\s*")


class LabelError(Exception):
    """Labels do not fit their texts: the message says which, and what to do."""


def texts_of(data: Path) -> Iterator[tuple[str, str, str]]:
    """(url, title, text) of every article that labels may be of, as the labels count its code points."""
    for path in sorted((data / "allsides_articles").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                r = json.loads(line)
                yield r["url"], r["title"], r["content_original"].replace("\xa0", " ").strip()
    csv.field_size_limit(10**9)
    for path in sorted((data / "wikinews").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            for r in csv.DictReader(lines):
                text = DATELINE.sub("", r["text"].replace("\xa0", " ")).strip()
                yield r["url"], r["title"], re.sub(r"\n{2,}", "\n\n", text)


def digest(text: str) -> str:
    """The sha256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def packed(article: Annotated) -> dict[str, Any]:
    """The label of an annotated article: offsets in place of words; names of entities, which are facts, stay."""
    text, record = article.text, article.record

    def places(words: str) -> list[list[int]]:
        return [list(m.span()) for m in re.finditer(re.escape(words), text)][:1]

    said = {s.id: s for s in article.statements}
    issue = record.get("issue")
    return {
        "url": article.url,
        "sha256": digest(text),
        "entities": [
            {k: e.get(k) for k in ("key", "name", "type", "qid")}
            | {"forms": [p for f in e["forms"] for p in places(f)]}
            for e in record["entities"]
        ],
        "statements": [
            {k: r[k] for k in ("id", "speaker", "kind", "core", "commitment")}
            | {"speaker_at": s.speaker, "cue_at": s.cue, "content": s.content}
            | {"toward": [{k: t[k] for k in ("target", "side", "arguable")} for t in r["toward"]]}
            for r in record["statements"]
            if (s := said.get(r["id"]))
        ],
        "voice": [{k: v[k] for k in ("target", "side", "arguable")} for v in record.get("voice", [])],
        "issue": issue
        and {
            "proposition": issue["proposition"],
            "aliases": [p for a in issue["aliases"] for p in places(a)],
            "stands": [_stand(r, text) for r in issue["stands"]],
        },
    }


def _stand(row: dict[str, Any], text: str) -> dict[str, Any]:
    """A stand without words of the text: a holder without a name is where its words stand."""
    out = {k: row.get(k) for k in ("holder", "side", "arguable", "statement")}
    if row["holder"].startswith("unnamed"):
        words = row["holder"].removeprefix("unnamed").lstrip(": ")
        at = text.find(words) if words else -1
        out |= {"holder": "unnamed", "holder_at": [at, at + len(words)] if at >= 0 else None}
    return out


def unpacked(label: dict[str, Any], text: str, title: str = "") -> Annotated:
    """The annotated article that a label and its text are."""

    def cut(span: list[int] | None) -> str:
        return text[slice(*span)] if span else ""

    issue = label["issue"]
    return located(
        {
            "url": label["url"],
            "title": title,
            "text": text,
            "entities": [e | {"forms": sorted({cut(p) for p in e["forms"]})} for e in label["entities"]],
            "statements": [
                s
                | {"speaker_words": cut(s["speaker_at"]), "cue": cut(s["cue_at"])}
                | {"content": [cut(c) for c in s["content"]]}
                for s in label["statements"]
            ],
            "voice": label["voice"],
            "issue": issue
            and issue
            | {"aliases": sorted({cut(p) for p in issue["aliases"]})}
            | {
                "stands": [
                    r | {"holder": f"unnamed: {cut(r.get('holder_at'))}" if r["holder"] == "unnamed" else r["holder"]}
                    for r in issue["stands"]
                ]
            },
        }
    )


def read_labels(paths: Iterable[Path], data: Path) -> Iterator[Annotated]:
    """The annotated articles of label files, with their texts from the data folder.

    Raises:
        LabelError: a text is absent or is not the one that was annotated.
    """
    labels: dict[str, tuple[Path, dict[str, Any]]] = {}
    for path in sorted(paths):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            labels |= {(r := json.loads(line))["url"]: (path, r) for line in lines}
    if not labels:
        return
    for url, title, text in texts_of(data):
        if url in labels and labels[url][1]["sha256"] == digest(text):
            yield unpacked(labels.pop(url)[1], text, title)
    if labels:
        path, label = next(iter(labels.values()))
        raise LabelError(
            f"{path}: no text in {data} is the one that was annotated of {label['url']}, and of {len(labels) - 1} "
            "others; take the texts from where docs/reader.md says"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("annotated", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    texts = {(url, digest(text)) for url, _, text in texts_of(arguments.data)}
    rows = []
    for path in arguments.annotated:
        with path.open(encoding="utf-8") as lines:
            rows += [packed(located(json.loads(line))) for line in lines]
    if lost := [r["url"] for r in rows if (r["url"], r["sha256"]) not in texts]:
        sys.exit(f"{len(lost)} articles are not in {arguments.data} as they were annotated, such as {lost[0]}")
    rows.sort(key=lambda r: r["url"])
    with gzip.GzipFile(arguments.out, "wb", mtime=0) as file:
        file.write("".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows).encode())
    print(f"{len(rows)} articles, {sum(len(r['statements']) for r in rows)} statements")


if __name__ == "__main__":
    main()
