"""A desk that writes a small lake by hand: articles, what a reader would find in them, and what came of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from pipeline.lake import Lake
from pipeline.schemas import LAKE, Corrections, Fetches, Printings, Raw, Runs
from pipeline.settings import Config, Issue, Merge, Outlet

ALDER, BIRCH = "alder.example", "birch.example"
CONFIG = Config(
    outlets=(Outlet(domain=ALDER, name="The Alder"), Outlet(domain=BIRCH, name="Birch Daily")),
    issues=(
        Issue(
            id="tunnel",
            name="the harbour tunnel",
            proposition="The harbour tunnel should be built.",
            aliases=("tunnel",),
        ),
    ),
    merges=(Merge(old="per-mara-vos", entity="per-mara-voss", on=date(2026, 3, 1), reason="a misprint of March"),),
)
DAY = date(2026, 3, 2)
# A reader that takes a tenth of each class for the next.
CORRECTIONS = Corrections.cast(
    pl.DataFrame(
        [
            {"reading": reading, "reader": "r1", "sizes": [90, 90, 90]}
            | {"weights_first": [1.1, 0.0, -0.1], "weights_neutral": [-0.1, 1.1, 0.0], "weights_last": [0.0, -0.1, 1.1]}
            | {"weights_score": [-1.1, -0.1, 1.2]}
            | {f"variances_{name}": [0.001] * 3 for name in ("first", "neutral", "last", "score")}
            for reading in ("sentiment", "entity_stance", "issue_stance")
        ]
    )
)
NEGATIVE, NEUTRAL, POSITIVE = (0.8, 0.15, 0.05), (0.1, 0.8, 0.1), (0.05, 0.15, 0.8)
UNSURE = (0.4, 0.3, 0.3)


@dataclass
class Desk:
    """Collects rows by table; `file` writes them, and an empty part for every table of a day that has none."""

    lake: Lake
    rows: dict[str, dict[date, list[dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def fetch(self, outlet: str = ALDER, day: date = DAY, **given: Any) -> None:
        self._add(
            "fetches",
            {
                "day": day,
                "source": f"feed-{outlet}",
                "outlet": outlet,
                "kind": "feed",
                "status": "fetched",
                "records": 1,
            }
            | {"problem": None}
            | given,
        )

    def article(
        self, body: str, article_id: str = "a1", outlet: str = ALDER, day: date = DAY, **given: Any
    ) -> dict[str, Any]:
        raw_id = f"raw-{article_id}"
        article = {
            "day": day, "article_id": article_id, "raw_id": raw_id, "outlet": outlet, "source": f"feed-{outlet}",
            "url": f"https://{outlet}/{article_id}", "title": f"Title of {article_id}", "body": body, "language": "en",
            "authors": ["Ivo Tarn"], "byline": None, "published_at_origin": "source", "text_hash": f"hash-{article_id}",
            "story_id": article_id, "is_reprint": False,
        } | given  # fmt: skip
        article.setdefault("published_on", day)
        article.setdefault(
            "published_at", datetime.combine(article["published_on"], datetime.min.time(), UTC) + timedelta(hours=9)
        )
        self._add("articles", article)
        self.raw(raw_id, outlet, day)
        return article

    def raw(self, raw_id: str, outlet: str = ALDER, day: date = DAY) -> None:
        self._add(
            "raw",
            {"day": day, "raw_id": raw_id, "outlet": outlet, "source": f"feed-{outlet}", "media_type": "text/plain"}
            | {"url": None, "content": b"", "title": None, "published_at": None, "authors": None, "problem": None},
        )

    def refuse(self, raw_id: str, reason: str = "too_short", outlet: str = ALDER, day: date = DAY) -> None:
        self.raw(raw_id, outlet, day)
        self._add(
            "quarantine",
            {"day": day, "raw_id": raw_id, "outlet": outlet, "source": f"feed-{outlet}", "url": None, "reason": reason}
            | {"detail": "a test"},
        )

    def mention(
        self,
        article: dict[str, Any],
        text: str,
        entity_id: str | None = None,
        *,
        name: str | None = None,
        type: str = "PER",
        polarity: tuple[float, float, float] = NEUTRAL,
        nth: int = 0,
        statement_id: str | None = None,
    ) -> None:
        """The `nth` time that the body says `text`, as a mention; resolved where it has an entity_id."""
        start, end = self._span(article, text, nth)
        self._add(
            "mentions",
            _key(article)
            | {"start": start, "end": end, "text": text, "type": type, "probability": 0.9, "reader": "r1"}
            | dict(zip(("negative", "neutral", "positive"), polarity, strict=True))
            | {"statement_id": statement_id},
        )
        if entity_id:
            self.entity(article, start, end, entity_id, name or text, type)

    def entity(
        self,
        article: dict[str, Any],
        start: int,
        end: int,
        entity_id: str,
        name: str,
        type: str = "PER",
        method: str = "name",
    ) -> None:
        self._add(
            "entities",
            _key(article)
            | {"start": start, "end": end, "entity_id": entity_id, "name": name, "type": type, "wikidata_id": None}
            | {"method": method, "is_metonym": False, "is_modifier": False, "probability": 0.9, "runner_up_id": None},
        )

    def role(
        self, article: dict[str, Any], role: str, entity_id: str, name: str, person: tuple[str, str] = ("", "")
    ) -> None:
        start, end = self._span(article, role)
        self._add(
            "roles",
            _key(article)
            | {"start": start, "end": end, "entity_id": entity_id, "name": name, "role": role, "office": role.lower()}
            | {"is_former": False, "organisation_id": None, "organisation": None, "country_id": None, "country": None}
            | {"person": person[0] or None, "person_id": person[1] or None}
            | {"published_on": article["published_on"], "probability": 0.9},
        )

    def statement(
        self, article: dict[str, Any], content: str, speaker: str | None = None, nth: int = 0, **given: Any
    ) -> str:
        """A statement with the words `content`, of the `nth` span `speaker`; returns its id."""
        number = sum(s["article_id"] == article["article_id"] for s in self.rows["statements"][article["day"]])
        statement_id = f"{article['article_id']}-{number:03d}"
        start, end = self._span(article, content)
        spoken = self._span(article, speaker, nth) if speaker else (None, None)
        self._add(
            "statements",
            _key(article)
            | {"statement_id": statement_id, "kind": "direct", "speaker": speaker, "cue": None, "text": content}
            | {"speaker_start": spoken[0], "speaker_end": spoken[1], "cue_start": None, "cue_end": None}
            | {"content": [{"start": start, "end": end}], "probability": 0.9, "reader": "r1"}
            | {"asserted": 1.0, "hedged": 0.0, "denied": 0.0, "withheld": 0.0, "asked": 0.0}
            | {"is_continued": False, "targets": []}
            | given,
        )
        return statement_id

    def stance(
        self,
        article: dict[str, Any],
        statement_id: str,
        holder: str,
        target: str,
        evidence: str,
        polarity: tuple[float, float, float] = POSITIVE,
        *,
        holder_id: str | None = None,
        target_id: str = "tunnel",
        target_kind: str = "issue",
    ) -> str:
        """A stance, labelled by the likeliest; abstaining below one half. Returns its id."""
        start, end = self._span(article, evidence)
        stance_id = f"{statement_id}/{target_kind}/{target_id}"
        self._add(
            "stances",
            _key(article)
            | {"stance_id": stance_id, "statement_id": statement_id, "holder_id": holder_id, "holder": holder}
            | {"target_kind": target_kind, "target_id": target_id, "target": target, "evidence": evidence}
            | {"evidence_start": start, "evidence_end": end, "reader": "r1"}
            | dict(zip(("against", "neutral", "favour"), polarity, strict=True))
            | {"stance": _label(polarity, ("against", "neutral", "favour"))},
        )
        return stance_id

    def file(self, *only: date) -> Lake:
        """Write every table of every day, or of some days only."""
        for day in only or {day for days in self.rows.values() for day in days}:
            self._sentiments(day)
            for table, schema in LAKE.items():
                rows = self.rows[table][day]
                if rows or schema not in (Raw, Fetches, Runs):
                    frame = pl.DataFrame(rows, schema={n: c.dtype for n, c in schema.columns().items()}, orient="row")
                    self.lake.write(schema, day, schema.cast(frame))
        self._printings()
        return self.lake

    def _printings(self) -> None:
        """What the articles say of their stories: a copy is one of its story's first printing."""
        rows = {
            article["article_id"]: {
                "article_id": article["article_id"],
                "story_id": article["story_id"],
                "reprint_of": article["story_id"] if article["is_reprint"] else None,
                "published_at": article["published_at"],
                "days": [article["day"]],
            }
            for _, articles in sorted(self.rows["articles"].items())
            for article in articles
        }
        frame = pl.DataFrame(list(rows.values()), {name: c.dtype for name, c in Printings.columns().items()})
        self.lake.write(Printings, None, Printings.validate(frame))

    def _sentiments(self, day: date) -> None:
        for table in ("sentiments", "tones"):
            self.rows[table][day].clear()
        entities = {(e["article_id"], e["start"]): e for e in self.rows["entities"][day]}
        grouped = defaultdict(list)
        for mention in sorted(self.rows["mentions"][day], key=lambda m: (m["article_id"], m["start"])):
            if entity := entities.get((mention["article_id"], mention["start"])):
                grouped[mention["article_id"], entity["entity_id"]].append((mention, entity))
        for (article_id, entity_id), pairs in grouped.items():
            own = [mention for mention, _ in pairs if mention["statement_id"] is None]
            if own:
                polarity = tuple(sum(m[p] for m in own) / len(own) for p in ("negative", "neutral", "positive"))
                self._add(
                    "sentiments",
                    {"day": day, "article_id": article_id, "entity_id": entity_id, "name": pairs[0][1]["name"]}
                    | {"type": pairs[0][1]["type"], "sentiment": _label(polarity, ("negative", "neutral", "positive"))}
                    | dict(zip(("negative", "neutral", "positive"), polarity, strict=True))
                    | {"mentions": len(own), "mentions_quoted": len(pairs) - len(own), "mention_share": 0.5}
                    | {"headline_mentions": 0, "headline_score": None, "lead_mentions": 0, "lead_score": None}
                    | {"first_start": own[0]["start"], "first_end": own[0]["end"], "first_share": 0.0}
                    | {"is_passing": False, "reader": "r1"},
                )

        for article in self.rows["articles"][day]:
            own = [m for m in self.rows["mentions"][day] if m["article_id"] == article["article_id"]]
            tone = sum(m["positive"] - m["negative"] for m in own) / len(own) if own else None
            self._add(
                "tones",
                _key(article)
                | {"mentions": len(own), "mentions_quoted": 0, "tone": tone, "tone_quoted": None, "quoted_share": 0.0}
                | {"reader": "r1"},
            )

    def _add(self, table: str, row: dict[str, Any]) -> None:
        self.rows[table][row["day"]].append(row)

    @staticmethod
    def _span(article: dict[str, Any], text: str, nth: int = 0) -> tuple[int, int]:
        start = -1
        for _ in range(nth + 1):
            start = article["body"].index(text, start + 1)
        return start, start + len(text)


def _key(article: dict[str, Any]) -> dict[str, Any]:
    return {"day": article["day"], "article_id": article["article_id"]}


def _label(polarity: tuple[float, ...], labels: tuple[str, ...]) -> str | None:
    return labels[polarity.index(max(polarity))] if max(polarity) >= 0.5 else None


BODY = """Mayor Mara Voss 🌉 opened the pier on Monday.
“The harbour tunnel must be built,” Voss said. Otto Lind of Quay Union disagreed.
“The tunnel is a mistake, and Mara Voss knows it,” Lind said."""


def report(desk: Desk, article: dict[str, Any], tone: tuple[float, float, float]) -> None:
    """What a reader finds in an article that says BODY: three entities, two statements, two sides."""
    desk.mention(article, "Mara Voss", "per-mara-voss", polarity=tone)
    desk.role(article, "Mayor", "per-mara-voss", "Mara Voss")
    desk.mention(article, "Otto Lind", "per-otto-lind")
    desk.mention(article, "Quay Union", "org-quay-union", type="ORG", polarity=UNSURE)
    desk.mention(article, "Voss", "per-mara-voss", name="Mara Voss", nth=1)
    desk.mention(article, "Lind", "per-otto-lind", name="Otto Lind", nth=1)
    built, mistake = "“The harbour tunnel must be built,”", "“The tunnel is a mistake, and Mara Voss knows it,”"
    said, answered = desk.statement(article, built, "Voss", 1), desk.statement(article, mistake, "Lind", 1)
    desk.mention(article, "Mara Voss", "per-mara-voss", nth=1, statement_id=answered, polarity=NEGATIVE)
    issue = CONFIG.issues[0].name
    desk.stance(article, said, "Mara Voss", issue, built, POSITIVE, holder_id="per-mara-voss")
    desk.stance(article, answered, "Otto Lind", issue, mistake, NEGATIVE, holder_id="per-otto-lind")
    toward_voss = {"holder_id": "per-otto-lind", "target_kind": "entity", "target_id": "per-mara-voss"}
    desk.stance(article, answered, "Otto Lind", "Mara Voss", mistake, NEGATIVE, **toward_voss)


def write_week(lake: Lake) -> Lake:
    """Eight days of two outlets: each a story of its own a day, a wire copy and a revision on the last, one gap."""
    desk = Desk(lake)
    for day in (DAY - timedelta(days=back) for back in range(8)):
        is_down = day == DAY - timedelta(days=3)
        desk.fetch(ALDER, day)
        desk.fetch(BIRCH, day, **({"status": "failed", "records": 0, "problem": "HTTP 503"} if is_down else {}))
        report(desk, desk.article(BODY, f"alder-{day}", ALDER, day), POSITIVE)
        if not is_down:
            report(desk, desk.article(BODY, f"birch-{day}", BIRCH, day), NEGATIVE)
    copy = desk.article(BODY, "copy", BIRCH, story_id=f"alder-{DAY}", is_reprint=True)
    report(desk, copy, POSITIVE)
    yesterday = DAY - timedelta(days=1)
    revised = desk.article(BODY.replace("pier", "quay"), f"alder-{yesterday}", ALDER, published_on=yesterday)
    report(desk, revised, NEUTRAL)
    desk.refuse("teaser")
    return desk.file()
