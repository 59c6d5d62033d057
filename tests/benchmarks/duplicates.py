"""How many copies are found, how many others are taken for copies, and what it costs.

    python -m tests.benchmarks.duplicates [ARCHIVE.jsonl.gz ...] [--sizes 1000 10000 100000]

Copies are planted in the texts of the archives, or in synthetic ones where none is given: each of another outlet, with
another headline, up to six days later, changed as its kind says. Foils are articles that must not be taken for copies:
another text with a paragraph of the source, and all of one outlet with the same last paragraph. An article of the
archive that is a copy already counts for nothing. Stories are measured on the synthetic texts, where each event has
names of its own among words that all events share.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.schemas import Articles, Sketches
from pipeline.settings import Outlet
from pipeline.stages.stories import sketch_articles, tell_stories

START = datetime(2026, 1, 5, tzinfo=UTC)
OUTLETS = tuple(Outlet(domain=f"outlet{n}.example", name=f"Outlet {n}") for n in range(50))
ARTICLES_A_DAY = 350
EVENT_ARTICLES, EVENT_NAMES, VOCABULARY = 5, 25, 30_000
PLANTED = 40
"""Copies of each kind."""
BOILERPLATE = (
    "Sign up to the morning letter of this paper, which brings the stories that matter before breakfast each day."
)


def names_only() -> pl.DataFrame:
    return pl.DataFrame(schema={"article_id": pl.String, "entity_id": pl.String})


# --- texts ------------------------------------------------------------------------------------------------------------


def synthetic(count: int, draw: random.Random) -> Iterator[tuple[dict[str, Any], int]]:
    """Articles of some 400 words, and the event that each reports: five articles within two days."""
    words = [f"w{n}" for n in range(VOCABULARY)]
    weights = [1 / (n + 3) for n in range(VOCABULARY)]
    pool = draw.choices(words, weights, k=400_000)
    for number in range(count):
        event = number // EVENT_ARTICLES
        names = [f"n{event}x{n}" for n in range(EVENT_NAMES)]
        start = draw.randrange(len(pool) - 400)
        body = pool[start : start + 400]
        for place in draw.sample(range(400), 60):
            body[place] = draw.choice(names)
        draw.shuffle(body)
        sentences = [" ".join(body[n : n + 20]) + "." for n in range(0, 400, 20)]
        at = START + timedelta(days=event * EVENT_ARTICLES / ARTICLES_A_DAY, hours=draw.uniform(0, 40))
        yield (
            row(f"s{number}", "\n".join(" ".join(sentences[n : n + 2]) for n in range(0, 20, 2)), at, draw)
            | {"title": " ".join(draw.sample(names, 3) + draw.choices(pool, k=4))},
            event,
        )


def archived(paths: list[Path], draw: random.Random) -> list[dict[str, Any]]:
    out = []
    for path in sorted(paths):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in map(json.loads, file):
                at = datetime.fromisoformat(line["published_at"])
                out.append(row(f"r{len(out)}", line["text"], at, draw) | {"title": line["title"]})
    return out


def row(article_id: str, body: str, at: datetime, draw: random.Random) -> dict[str, Any]:
    return {
        "article_id": article_id,
        "title": article_id,
        "body": body,
        "published_at": at,
        "outlet": draw.choice(OUTLETS).domain,
    }


def sketched(rows: list[dict[str, Any]]) -> Any:
    fixed = {
        "raw_id": "-",
        "source": "-",
        "url": "-",
        "language": "en",
        "published_at_origin": "source",
        "text_hash": "-",
        "byline": None,
    }
    frame = pl.DataFrame(rows).with_columns(
        pl.col("published_at").dt.replace_time_zone("UTC") if not rows[0]["published_at"].tzinfo else "published_at",
        **{name: pl.lit(value) for name, value in fixed.items()},
        authors=pl.lit([], pl.List(pl.String)),
        published_on=pl.col("published_at").dt.date(),
        day=pl.col("published_at").dt.date(),
    )
    return sketch_articles(Articles.validate(frame, cast=True), OUTLETS)


# --- copies -----------------------------------------------------------------------------------------------------------


def paragraphs(body: str) -> list[str]:
    return [line for line in body.split("\n") if line]


def _reworded(body: str, draw: random.Random, share: float) -> str:
    words = body.split(" ")
    for place in draw.sample(range(len(words)), int(share * len(words))):
        words[place] = draw.choice(words)
    return " ".join(words)


def _cut(body: str, share: float) -> str:
    words = body.split(" ")
    return " ".join(words[: max(40, int(share * len(words)))])


def _with_own(body: str, other: str, share: float) -> str:
    return body + "\n" + _cut(other, share * len(body) / max(1, len(other)))


Change = Callable[[str, str, random.Random], str]
KINDS: dict[str, Change] = {
    "same text": lambda body, other, draw: body,
    "every 20th word changed": lambda body, other, draw: _reworded(body, draw, 0.05),
    "every 10th word changed": lambda body, other, draw: _reworded(body, draw, 0.1),
    "cut to a half": lambda body, other, draw: _cut(body, 0.5),
    "cut to a third": lambda body, other, draw: _cut(body, 0.34),
    "a half of its own added": lambda body, other, draw: _with_own(body, other, 0.5),
    "paragraphs in another order": lambda body, other, draw: "\n".join(
        draw.sample(paragraphs(body), len(paragraphs(body)))
    ),
    "cut, edited, own ending": lambda body, other, draw: _with_own(_reworded(_cut(body, 0.7), draw, 0.05), other, 0.2),
}
FOILS: dict[str, Change] = {
    "another text with a paragraph of it": lambda body, other, draw: (
        other + "\n" + max(paragraphs(_cut(body, 0.25)), key=len)
    ),
    "another text with the outlet's last line": lambda body, other, draw: f"{other}\n{BOILERPLATE}",
}


def measure_copies(texts: list[dict[str, Any]], draw: random.Random) -> None:
    """Every fourth text is kept back: what copies add of their own and foils are made of stands nowhere else."""
    spare = [text["body"] for text in texts[::4]]
    base = [text for number, text in enumerate(texts) if number % 4]
    before = tell_stories(sketched(base), names_only()).filter(pl.col("reprint_of").is_not_null())
    own = {*before["article_id"], *before["reprint_of"]}
    sources = [text for text in base if text["article_id"] not in own]
    print(f"{len(base)} articles, of which {before.height} are copies already")
    rows, planted, foils = list(base), dict[str, tuple[str, str]](), dict[str, str]()
    for kind, change in (KINDS | FOILS).items():
        for source in draw.sample(sources, min(PLANTED, len(sources))):
            copy = row(f"c{len(rows)}", change(source["body"], draw.choice(spare), draw), source["published_at"], draw)
            copy["published_at"] += timedelta(hours=draw.uniform(0.1, 144))
            rows.append(copy)
            if kind in KINDS:
                planted[copy["article_id"]] = (kind, source["article_id"])
            else:
                foils[copy["article_id"]] = kind
    told = {article: copied for article, _, copied, *_ in tell_stories(sketched(rows), names_only()).iter_rows()}
    found, wrong = Counter[str](), Counter[str]()
    for article, (kind, source) in planted.items():
        found[kind] += told[article] in (source, told[source]) and told[article] is not None
    for article, copied in told.items():
        if copied is not None and article not in planted and article not in own:
            wrong[foils.get(article, "archive")] += 1
    for kind in KINDS:
        print(f"  {kind:42} {found[kind]:3} of {sum(k == kind for k, _ in planted.values())} found")
    for kind in FOILS:
        print(f"  {kind:42} {wrong[kind]:3} of {sum(k == kind for k in foils.values())} taken for copies")
    print(f"  {'the articles themselves':42} {wrong['archive']:3} of {len(sources)} taken for copies")
    total = found.total()
    print(f"  recall {total / len(planted):.4f}  precision {total / max(1, total + wrong.total()):.4f}")


# --- stories and cost -------------------------------------------------------------------------------------------------


def measure_size(count: int, draw: random.Random) -> None:
    """A tenth of the articles are copies; the rest report events, five articles each."""
    pairs = list(synthetic(count - count // 10, draw))
    rows = [r for r, _ in pairs]
    event_of = {r["article_id"]: event for r, event in pairs}
    for number in range(count // 10):
        source = draw.choice(rows[: len(pairs)])
        later = source["published_at"] + timedelta(hours=draw.uniform(0.1, 48))
        rows.append(row(f"c{number}", _reworded(source["body"], draw, 0.05), later, draw) | {"title": source["title"]})
    start = time.process_time()
    sketches = Sketches.validate(
        pl.concat([sketched(rows[place : place + 5_000]) for place in range(0, len(rows), 5_000)])
    )
    middle = time.process_time()
    stories = tell_stories(sketches, names_only())
    end = time.process_time()
    found = Counter[tuple[str, int]]()
    for article, story, *_ in stories.iter_rows():
        if article in event_of:
            found[story, event_of[article]] += 1
    by_story, by_event = Counter[str](), Counter[int]()
    for (story, event), n in found.items():
        by_story[story] += n
        by_event[event] += n
    right, told, true = (sum(n * (n - 1) // 2 for n in c.values()) for c in (found, by_story, by_event))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:8} articles: sketches {middle - start:7.1f} s, stories {end - middle:7.1f} s "
        f"({1000 * (end - middle) / count:.2f} ms an article), peak {memory:.0f} MB; copies "
        f"{stories['reprint_of'].count()} of {count // 10}; stories: pairs precision {right / max(1, told):.3f}, "
        f"recall {right / max(1, true):.3f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", type=Path, nargs="*")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    arguments = parser.parse_args()
    draw = random.Random(1)
    base = archived(arguments.archives, draw) or [r for r, _ in synthetic(1_000, draw)]
    measure_copies(base, draw)
    for size in arguments.sizes:
        measure_size(size, draw)


if __name__ == "__main__":
    main()
