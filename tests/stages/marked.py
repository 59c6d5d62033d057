"""Articles written with their reading marked in them, as a reader would give it.

`<per>`, `<org>`, `<loc>`, `<misc>` mark mentions, `<he>` a pronoun or description: in what is said, or anywhere with
`of`, the number of the statement whose target it is. `tone="-"` or `"+"` gives them a polarity, which is the side that
the speaker takes, too, and `weight` how much they count; `<who>`, `<cue>` and `<said>` mark the speaker span, the cue
and a content span of a statement, `n` tells statements apart, and `kind` is indirect unless given.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

import dataframely as dy
import polars as pl

from pipeline.schemas import Articles, Mentions, Names, References, Statements

DAY = date(2026, 1, 5)
NEUTRAL, SIDES = (
    (0.1, 0.8, 0.1),
    {"-": (0.8, 0.1, 0.1), "+": (0.1, 0.1, 0.8), "?": (0.4, 0.3, 0.3), "!": (1.0, 0.0, 0.0)},
)
NAMES, STANCES = ("per", "org", "loc", "misc"), ("against", "neutral", "favour")

Marked = tuple[dy.DataFrame[Articles], dy.DataFrame[Mentions], dy.DataFrame[Statements]]
NO_LINKS = References.create_empty()


def nobody(keys: pl.Series) -> dy.DataFrame[Names]:
    """A look-up that knows no one."""
    return Names.create_empty()


def read(*texts: str, days: tuple[date, ...] = ()) -> Marked:
    """Articles a0, a1, … with their mentions and statements; all of one day unless each is given one."""
    rows: tuple[list[dict[str, Any]], ...] = ([], [], [])
    for number, text in enumerate(texts):
        for table, more in zip(rows, _read(text, f"a{number}", days[number] if days else DAY), strict=True):
            table.extend(more)
    schemas = (Articles, Mentions, Statements)
    articles, mentions, statements = (
        pl.DataFrame(table, schema=schema.create_empty().schema | ({"type": pl.String} if schema is Mentions else {}))
        for table, schema in zip(rows, schemas, strict=True)
    )
    return (
        Articles.validate(articles, cast=True),
        Mentions.validate(mentions, cast=True),
        Statements.validate(statements, cast=True),
    )


def _read(text: str, article_id: str, day: date) -> tuple[list[dict[str, Any]], ...]:
    key = {"day": day, "article_id": article_id}
    spans: list[tuple[str, dict[str, str], int, int]] = []
    body = _walk(ElementTree.fromstring(f"<p>{text}</p>"), "", spans)
    numbers = sorted({given.get("n", "0") for tag, given, _, _ in spans if tag in ("who", "said")})
    statements = []
    for number in numbers:
        of_tag = {
            tag: sorted((start, end) for t, g, start, end in spans if t == tag and g.get("n", "0") == number)
            for tag in ("who", "cue", "said")
        }
        kind = next((g["kind"] for t, g, _, _ in spans if g.get("n", "0") == number and "kind" in g), "indirect")
        (start, end), (cue_start, cue_end) = (of_tag[tag][0] if of_tag[tag] else (None, None) for tag in ("who", "cue"))
        # What the reader would see in the statement's content: names, descriptions and pronouns, all of one weight.
        targets = [
            {"start": s, "end": e, **dict(zip(STANCES, SIDES.get(given.get("tone", ""), NEUTRAL), strict=True))}
            | {"weight": float(given.get("weight", 0))}
            for tag, given, s, e in sorted(spans, key=lambda span: span[2])
            if tag in (*NAMES, "he")
            and (given.get("of") == number or any(begin <= s and e <= finish for begin, finish in of_tag["said"]))
        ]
        statements.append(
            key
            | {"statement_id": f"{article_id}-{number}", "kind": kind, "probability": 0.9, "reader": "r1"}
            | {"cue": body[cue_start:cue_end] if of_tag["cue"] else None}
            | {"speaker_start": start, "speaker_end": end, "speaker": body[start:end] if of_tag["who"] else None}
            | {"cue_start": cue_start, "cue_end": cue_end, "text": " … ".join(body[s:e] for s, e in of_tag["said"])}
            | {"content": [{"start": s, "end": e} for s, e in of_tag["said"]]}
            | {"asserted": 1.0, "hedged": 0.0, "denied": 0.0, "withheld": 0.0, "asked": 0.0}
            | {"is_continued": False, "targets": targets}
        )
    mentions = []
    for tag, given, start, end in spans:
        if tag in NAMES:
            around = [g.get("n", "0") for t, g, s, e in spans if t == "said" and s <= start and end <= e]
            mentions.append(
                key
                | {"start": start, "end": end, "text": body[start:end], "type": tag.upper(), "probability": 0.9}
                | _polarity(given)
                | {"statement_id": f"{article_id}-{around[0]}" if around else None, "reader": "r1"}
            )
    article = key | {
        "raw_id": article_id, "outlet": "alder.example", "source": "feed", "url": f"https://alder.example/{article_id}",
        "title": "A title", "body": body, "language": "en", "authors": [], "published_on": day,
        "published_at": datetime.combine(day, datetime.min.time(), UTC), "published_at_origin": "source",
        "text_hash": article_id, "byline": None, "story_id": article_id, "is_reprint": False,
    }  # fmt: skip
    return [article], mentions, statements


def _polarity(given: dict[str, str]) -> dict[str, float]:
    return dict(zip(("negative", "neutral", "positive"), SIDES.get(given.get("tone", ""), NEUTRAL), strict=True))


def _walk(element: ElementTree.Element, body: str, spans: list[tuple[str, dict[str, str], int, int]]) -> str:
    """The body with the element's text added; its spans, outermost last."""
    start = len(body)
    body += element.text or ""
    for child in element:
        body = _walk(child, body, spans) + (child.tail or "")
    spans.append((element.tag, element.attrib, start, len(body)))
    return body
