"""Scores what a system says of annotated articles. Needs only the standard library.

The rules:
- *Statements* are paired one to one, the largest overlap first: two are the same if the letters and digits of their
  contents overlap by half (intersection over union).
- *Entities* are paired by name: a system's entity is the annotated one if its name is one of the annotated forms, or if
  more of its names in the article are forms of this entity than are forms of others only.
- *Arguable rows* are free: a system that shows one is right, a system that leaves it out misses nothing.
- *Precision* counts the rows that a system shows, *recall* the clear rows of the annotation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from pipeline.evaluation.annotation import COMMITMENTS, UNNAMED, Article, Entity, Statement, find_pieces

SAME_CONTENT = 0.5
"""Overlap of two contents from which on they are one statement."""
NEAR_CONTENT = 0.3
"""Share of the shorter content that lies in the longer one: a side on other words of the same passage is judged too."""
SURE = 0.5
"""Probability from which on a statement that is no statement counts against precision."""
EVIDENCE_SHOWN = 100
"""Characters of a text in the description of a miss."""
TITLE = re.compile(r"^(?:the|mr|mrs|ms|dr|sen|rep|president|prime minister|us|u s) ")


# --- what a system says ----------------------------------------------------------------------------------------------


class Who(NamedTuple):
    """Someone in a system's answer: an entity of its own, or only words (`id` is None)."""

    id: str | None
    name: str


class ShownStatement(NamedTuple):
    """A statement; content in code points of the answer's text."""

    content: tuple[tuple[int, int], ...]
    speaker: Who | None = None
    words: str = ""
    """The words that name the speaker at this place."""
    cue: str = ""
    commitment: str | None = None
    probability: float = 1.0


class ShownSide(NamedTuple):
    """A side (against, favour) that a holder takes toward an entity in a statement (its index)."""

    statement: int | None
    holder: Who
    target: Who
    side: str
    evidence: str = ""


class ShownStand(NamedTuple):
    """A side (against, favour) on the article's issue."""

    holder: Who
    side: str
    evidence: str = ""


class ShownVoice(NamedTuple):
    """The article's own voice (negative, positive) toward an entity."""

    target: Who
    side: str


@dataclass
class ShownEntity:
    """An entity of the system: its name, its surface forms in this article, its Wikidata ids."""

    name: str
    forms: set[str] = field(default_factory=set)
    qids: set[str] = field(default_factory=set)


@dataclass
class Answer:
    """All that a system says of one article."""

    text: str
    """What the offsets count in."""
    entities: dict[str, ShownEntity] = field(default_factory=dict)
    statements: list[ShownStatement] = field(default_factory=list)
    sides: list[ShownSide] = field(default_factory=list)
    stands: list[ShownStand] = field(default_factory=list)
    voice: list[ShownVoice] = field(default_factory=list)


# --- counts ----------------------------------------------------------------------------------------------------------


class Miss(NamedTuple):
    """One thing that is wrong or missing."""

    kind: str
    title: str
    detail: str

    def __str__(self) -> str:
        """One line, the kind first."""
        return " ".join(f"{self.kind} | {self.title[:30]} | {self.detail}".split())


@dataclass(frozen=True)
class Count:
    """Counts of one measure: `right` of the rows `shown`, `found` of the rows `wanted`."""

    right: int = 0
    shown: int = 0
    found: int = 0
    wanted: int = 0
    misses: tuple[Miss, ...] = ()

    def __add__(self, other: Count) -> Count:
        return Count(
            self.right + other.right,
            self.shown + other.shown,
            self.found + other.found,
            self.wanted + other.wanted,
            self.misses + other.misses,
        )

    @property
    def precision(self) -> float:
        """Share of the shown rows that are right, in per cent."""
        return 100 * self.right / max(1, self.shown)

    @property
    def recall(self) -> float:
        """Share of the wanted rows that are found, in per cent."""
        return 100 * self.found / max(1, self.wanted)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, in per cent."""
        precision, recall = self.right / max(1, self.shown), self.found / max(1, self.wanted)
        return 200 * precision * recall / max(1e-9, precision + recall)

    def to_json(self) -> dict[str, Any]:
        """Rounded figures, with the four counts."""
        figures = {"p": round(self.precision, 1), "r": round(self.recall, 1), "f1": round(self.f1, 1)}
        return {**figures, "n": [self.right, self.shown, self.found, self.wanted]}


@dataclass(frozen=True)
class Commitments:
    """Commitment of the paired statements: how often the annotated one (first) is shown as another (second)."""

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    misses: tuple[Miss, ...] = ()

    def __add__(self, other: Commitments) -> Commitments:
        return Commitments(self.confusion + other.confusion, self.misses + other.misses)

    @property
    def macro_f1(self) -> float:
        """Mean F1, in per cent, of the classes that occur in the annotation or in the answer."""
        classes = [name for name in COMMITMENTS if any(name in pair for pair in self.confusion)]
        return sum(self._f1(name) for name in classes) / max(1, len(classes))

    def _f1(self, name: str) -> float:
        right = self.confusion[name, name]
        both = sum(n for (gold, shown), n in self.confusion.items() for value in (gold, shown) if value == name)
        return 200 * right / max(1, both)

    def to_json(self) -> dict[str, Any]:
        """The macro-F1, the number of statements, and the table: annotated, then shown."""
        table: dict[str, dict[str, int]] = {}
        for (gold, shown), number in sorted(self.confusion.items()):
            table.setdefault(gold, {})[shown] = number
        return {"macro_f1": round(self.macro_f1, 1), "n": self.confusion.total(), "confusion": table}


# --- one article -----------------------------------------------------------------------------------------------------


def plain(name: str | None) -> str:
    """A name without case, punctuation and one title or article before it."""
    return TITLE.sub("", re.sub(r"[^\w ]+", " ", (name or "").casefold()).strip()).strip()


def letters(text: str, places: Iterable[tuple[int, int]]) -> frozenset[int]:
    """The offsets of all letters and digits in these places."""
    size = len(text)
    return frozenset(c for start, end in places for c in range(start, min(end, size)) if text[c].isalnum())


class Case:
    """One article beside the answer about it."""

    def __init__(self, article: Article, answer: Answer | None) -> None:
        self.article = article
        self.is_lost = answer is None
        self.answer = answer or Answer(article.text)
        self.entities: dict[str, Entity] = {entity.key: entity for entity in article.entities}
        self.forms = {e.key: {plain(form) for form in (e.name, *e.forms)} - {""} for e in article.entities}
        self.names = {
            id: {plain(form) for form in (entity.name, *entity.forms)} for id, entity in self.answer.entities.items()
        }
        text = self.answer.text
        self.contents = [letters(text, find_pieces(text, statement.content)) for statement in article.statements]
        self.shown_contents = [letters(text, statement.content) for statement in self.answer.statements]

    @cached_property
    def pairs(self) -> dict[int, int]:
        """Annotated statement to shown statement, by index: one to one, the largest overlap first."""
        overlaps = sorted(
            (
                (len(gold & shown) / max(1, len(gold | shown)), i, j)
                for i, gold in enumerate(self.contents)
                for j, shown in enumerate(self.shown_contents)
            ),
            reverse=True,
        )
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for overlap, i, j in overlaps:
            if overlap < SAME_CONTENT:
                break
            if i not in pairs and j not in taken:
                pairs[i] = j
                taken.add(j)
        return pairs

    def is_same(self, key: str, who: Who) -> bool:
        """True if the system's entity is the annotated one: see the rules of this module."""
        if key not in self.forms:
            return False
        forms, name = self.forms[key], plain(who.name)
        if name in forms:
            return True
        names = self.names.get(who.id or "", set()) | {name}
        others = {form for other, theirs in self.forms.items() if other != key for form in theirs}
        return len(names & forms) > len((names & others) - forms)

    def sides_of(self, shown: int | None) -> list[ShownSide]:
        """The sides that the system shows in one of its statements."""
        return [] if shown is None else [side for side in self.answer.sides if side.statement == shown]

    def miss(self, kind: str, *details: object) -> Miss:
        """A miss in this article."""
        return Miss(kind, self.article.title, " | ".join(str(d)[:EVIDENCE_SHOWN] for d in details if d))


# --- the measures ----------------------------------------------------------------------------------------------------


def count_statements(case: Case) -> Count:
    """Statements: the system's sure ones that are right, and the annotated ones that are found."""
    paired = set(case.pairs.values())
    sure = [j for j, statement in enumerate(case.answer.statements) if statement.probability >= SURE]
    misses = [
        case.miss("statement-missed", s.speaker_words, s.cue, s.content[0])
        for i, s in enumerate(case.article.statements)
        if i not in case.pairs
    ]
    for j in sure:
        if j not in paired:
            statement = case.answer.statements[j]
            words = " … ".join(case.answer.text[start:end] for start, end in statement.content)
            misses.append(case.miss("statement-wrong", statement.speaker.name if statement.speaker else "", words))
    return Count(
        sum(j in paired for j in sure), len(sure), len(case.pairs), len(case.article.statements), tuple(misses)
    )


def count_core(case: Case) -> Count:
    """Core statements that are found: speech and writing reported as such."""
    core = [i for i, statement in enumerate(case.article.statements) if statement.is_core]
    return Count(found=sum(i in case.pairs for i in core), wanted=len(core))


def count_speakers(case: Case) -> Count:
    """Speakers of core statements that are named entities."""
    count = Count()
    for i, statement in enumerate(case.article.statements):
        if not statement.is_core or statement.speaker not in case.entities:
            continue
        shown = case.answer.statements[case.pairs[i]] if i in case.pairs else None
        speaker = shown.speaker if shown else None
        is_named = speaker is not None and speaker.id is not None
        is_right = is_named and speaker is not None and case.is_same(statement.speaker, speaker)
        what = "no statement" if shown is None else speaker.name if speaker else "no speaker"
        miss = () if is_right else (case.miss("speaker", statement.speaker, what, statement.content[0]),)
        count += Count(is_right, is_named, is_right, 1, miss)
    return count


def count_sides(case: Case) -> Count:
    """Sides toward entities, statement by statement; a turned side is a miss of its own kind."""
    count = Count()
    for i, statement in enumerate(case.article.statements):
        shown = case.sides_of(case.pairs.get(i))
        for side in statement.toward:
            if side.is_arguable:
                continue
            is_found = any(row.side == side.side and case.is_same(side.target, row.target) for row in shown)
            detail = (statement.speaker_words, side.side, side.target, statement.content[0])
            miss = () if is_found else (case.miss("side-missed", *detail, "" if i in case.pairs else "no statement"),)
            count += Count(found=is_found, wanted=1, misses=miss)
        for row in shown:
            sides = {side.side for side in statement.toward if case.is_same(side.target, row.target)}
            kind = "" if row.side in sides else "side-turned" if sides else "side-wrong"
            count += _shown_side(case, row, kind)
    paired = set(case.pairs.values())
    for j in range(len(case.answer.statements)):
        if j not in paired:
            for row in case.sides_of(j):
                count += _shown_side(case, row, "" if _is_side_nearby(case, j, row) else "side-loose")
    return count


def _shown_side(case: Case, row: ShownSide, kind: str) -> Count:
    """One shown side: right without a kind of miss."""
    if not kind:
        return Count(right=1, shown=1)
    return Count(shown=1, misses=(case.miss(kind, row.holder.name, row.side, row.target.name, row.evidence),))


def _is_side_nearby(case: Case, j: int, row: ShownSide) -> bool:
    """True if an annotated statement in the same passage, by the same speaker, takes this side."""
    shown = case.shown_contents[j]
    for statement, content in zip(case.article.statements, case.contents, strict=True):
        if len(content & shown) < NEAR_CONTENT * max(1, min(len(content), len(shown))):
            continue
        if statement.speaker in case.entities and not case.is_same(statement.speaker, row.holder):
            continue
        if any(side.side == row.side and case.is_same(side.target, row.target) for side in statement.toward):
            return True
    return False


def count_triples(case: Case) -> Count:
    """Who is for or against whom in an article: holder, target and side, however many statements say it."""
    clear: dict[tuple[str, str, str], bool] = {}
    for statement in case.article.statements:
        for side in statement.toward:
            triple = (_holder(case, statement), side.target, side.side)
            clear[triple] = clear.get(triple, False) or not side.is_arguable
    shown = {(row.holder.id or f"~{plain(row.holder.name)}", row.target.id, row.side): row for row in case.answer.sides}

    def is_same(triple: tuple[str, str, str], row: ShownSide) -> bool:
        holder, target, side = triple
        return side == row.side and _is_holder(case, holder, row.holder) and case.is_same(target, row.target)

    misses = []
    right = found = 0
    for row in shown.values():
        if any(is_same(triple, row) for triple in clear):
            right += 1
        else:
            misses.append(case.miss("triple-wrong", row.holder.name, row.side, row.target.name, row.evidence))
    firm = [triple for triple, is_clear in clear.items() if is_clear]
    for triple in firm:
        if any(is_same(triple, row) for row in shown.values()):
            found += 1
        else:
            misses.append(case.miss("triple-missed", triple[0], triple[2], triple[1]))
    return Count(right, len(shown), found, len(firm), tuple(misses))


def _holder(case: Case, statement: Statement) -> str:
    """The key of the speaker; for a speaker without a name `~` and the words."""
    return statement.speaker if statement.speaker in case.entities else f"~{plain(statement.speaker_words)}"


def _is_holder(case: Case, gold: str, who: Who) -> bool:
    """True if the shown holder is the annotated one; two without a name are the same if they share a word."""
    if gold.startswith("~") != (who.id is None):
        return False
    if who.id is not None:
        return case.is_same(gold, who)
    words, shown = gold[1:], plain(who.name)
    return words == shown or bool(set(words.split()) & set(shown.split()))


def count_issues(case: Case) -> Count:
    """Sides on the article's issue, a row for each holder."""
    issue = case.article.issue
    if issue is None:
        return Count()

    def is_same(holder: str, who: Who) -> bool:
        if holder in case.entities:
            return case.is_same(holder, who)
        return bool(set(plain(holder.removeprefix(f"{UNNAMED}:")).split()) & set(plain(who.name).split()))

    stands = [stand for stand in issue.stands if stand.side != "neutral"]
    shown = {(row.holder.id or row.holder.name, row.side): row for row in case.answer.stands}
    misses = []
    right = found = 0
    for row in shown.values():
        if any(stand.side == row.side and is_same(stand.holder, row.holder) for stand in stands):
            right += 1
        else:
            misses.append(case.miss("issue-wrong", issue.proposition, row.holder.name, row.side, row.evidence))
    firm = [stand for stand in stands if not stand.is_arguable]
    for stand in firm:
        if any(stand.side == row.side and is_same(stand.holder, row.holder) for row in case.answer.stands):
            found += 1
        else:
            misses.append(case.miss("issue-missed", issue.proposition, stand.holder, stand.side))
    return Count(right, len(shown), found, len(firm), tuple(misses))


def count_voice(case: Case) -> Count:
    """The article's own voice toward entities."""
    misses = []
    right = found = 0
    for row in case.answer.voice:
        if any(side.side == row.side and case.is_same(side.target, row.target) for side in case.article.voice):
            right += 1
        else:
            misses.append(case.miss("voice-wrong", row.side, row.target.name))
    firm = [side for side in case.article.voice if not side.is_arguable]
    for side in firm:
        if any(side.side == row.side and case.is_same(side.target, row.target) for row in case.answer.voice):
            found += 1
        else:
            misses.append(case.miss("voice-missed", side.side, side.target))
    return Count(right, len(case.answer.voice), found, len(firm), tuple(misses))


def count_entities(case: Case) -> Count:
    """Annotated entities that the system has under one of their forms."""
    missed = [key for key in case.entities if not _ids(case, key)]
    misses = tuple(case.miss("entity-missed", case.entities[key].name) for key in missed)
    return Count(found=len(case.entities) - len(missed), wanted=len(case.entities), misses=misses)


def count_single(case: Case) -> Count:
    """Annotated entities whose forms belong to exactly one entity of the system."""
    found = {key: _ids(case, key) for key in case.entities}
    misses = tuple(
        case.miss("entity-split", case.entities[key].name, ", ".join(case.answer.entities[id].name for id in ids))
        for key, ids in found.items()
        if len(ids) > 1
    )
    return Count(found=sum(len(ids) == 1 for ids in found.values()), wanted=len(found), misses=misses)


def count_links(case: Case) -> Count:
    """Annotated Wikidata ids that the system gives the entity."""
    wanted = [entity for entity in case.article.entities if entity.qid]
    count = Count()
    for entity in wanted:
        qids = {qid for id in _ids(case, entity.key) for qid in case.answer.entities[id].qids}
        is_found = entity.qid in qids
        miss = () if is_found else (case.miss("link-missed", entity.name, entity.qid, ", ".join(sorted(qids))),)
        count += Count(found=is_found, wanted=1, misses=miss)
    return count


def _ids(case: Case, key: str) -> list[str]:
    """The system's entities that have a form of the annotated one."""
    return [id for id, names in case.names.items() if names & case.forms[key]]


def count_commitments(case: Case) -> Commitments:
    """Commitment of the statements that are found."""
    confusion: Counter[tuple[str, str]] = Counter()
    misses = []
    for i, j in sorted(case.pairs.items()):
        statement, shown = case.article.statements[i], case.answer.statements[j].commitment or "none"
        confusion[statement.commitment, shown] += 1
        if statement.commitment != shown:
            detail = (statement.commitment, shown, statement.cue, statement.content[0])
            misses.append(case.miss("commitment", *detail))
    return Commitments(confusion, tuple(misses))


# --- all articles ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """The measures, summed over all articles."""

    articles: int
    lost: tuple[Miss, ...]
    """Articles without an answer."""
    core: Count
    statements: Count
    speakers: Count
    sides: Count
    triples: Count
    issues: Count
    voice: Count
    entities: Count
    single: Count
    links: Count
    commitments: Commitments

    @property
    def turned(self) -> int:
        """Sides shown as their opposite."""
        return sum(miss.kind == "side-turned" for miss in self.sides.misses)

    @property
    def misses(self) -> list[Miss]:
        """Everything that is wrong or missing."""
        counts = (self.statements, self.speakers, self.sides, self.triples, self.issues, self.voice, self.entities)
        listed = (self.lost, *(count.misses for count in (*counts, self.single, self.links, self.commitments)))
        return [miss for misses in listed for miss in misses]

    def to_json(self) -> dict[str, Any]:
        """The figures, rounded, for one line of JSON."""
        return {
            "articles": self.articles,
            "lost": len(self.lost),
            "statements_core_recall": round(self.core.recall, 1),
            "statements": self.statements.to_json(),
            "speakers": self.speakers.to_json(),
            "sides": self.sides.to_json(),
            "turned": self.turned,
            "triples": self.triples.to_json(),
            "issue": self.issues.to_json(),
            "voice": self.voice.to_json(),
            "entities_found": round(self.entities.recall, 1),
            "entities_one_id": round(self.single.recall, 1),
            "qids": round(self.links.recall, 1),
            "commitment": self.commitments.to_json(),
        }

    def to_table(self) -> str:
        """The figures as lines to read."""
        confusion = self.commitments.confusion
        head = ("", "right", "shown", "precision", "found", "wanted", "recall", "F1")
        lines = [
            f"{self.articles} articles, {len(self.lost)} without an answer",
            "",
            _row(head),
            _figures("statements", self.statements),
            _recall("core statements", self.core),
            _figures("speakers", self.speakers),
            _figures(f"sides ({self.turned} turned)", self.sides),
            _figures("who for or against whom", self.triples),
            _figures("issues", self.issues),
            _figures("own voice", self.voice),
            _recall("entities", self.entities),
            _recall("entities with one id", self.single),
            _recall("Wikidata ids", self.links),
            "",
            f"commitment: macro-F1 {self.commitments.macro_f1:.1f} over {confusion.total()} statements",
            _row(("annotated \\ shown", *COMMITMENTS)),
        ]
        lines += [_row((gold, *(confusion[gold, shown] for shown in COMMITMENTS))) for gold in COMMITMENTS]
        return "\n".join(lines)


def score_answers(articles: Sequence[Article], answers: Sequence[Answer | None]) -> Scores:
    """Scores one answer for each article; None is an article that the system lost."""
    cases = [Case(article, answer) for article, answer in zip(articles, answers, strict=True)]

    def total(measure: Callable[[Case], Count]) -> Count:
        return sum((measure(case) for case in cases), Count())

    return Scores(
        articles=len(cases),
        lost=tuple(case.miss("lost", case.article.url) for case in cases if case.is_lost),
        core=total(count_core),
        statements=total(count_statements),
        speakers=total(count_speakers),
        sides=total(count_sides),
        triples=total(count_triples),
        issues=total(count_issues),
        voice=total(count_voice),
        entities=total(count_entities),
        single=total(count_single),
        links=total(count_links),
        commitments=sum((count_commitments(case) for case in cases), Commitments()),
    )


def _row(cells: Sequence[object]) -> str:
    return f"{cells[0]!s:26}" + "".join(f"{cell!s:>10}" for cell in cells[1:])


def _figures(name: str, count: Count) -> str:
    precision, recall, f1 = (f"{figure:.1f}" for figure in (count.precision, count.recall, count.f1))
    return _row((name, count.right, count.shown, precision, count.found, count.wanted, recall, f1))


def _recall(name: str, count: Count) -> str:
    return _row((name, "", "", "", count.found, count.wanted, f"{count.recall:.1f}")).rstrip()
