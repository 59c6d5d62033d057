"""How right the entities stage is, on articles whose names and speakers people have labelled.

    python -m pipeline.evaluation.entities LABELS.jsonl [--errors]

The labels' articles must have run in the lake of STANDPOINT_LAKE. What a label file holds is in docs/entities.md.
Prints a figure a line, beside that of exact string match (the same words are the same entity; a known alias is its
entity). B-cubed as Bagga and Baldwin (1998): for every labelled span the share of its own cluster that is right
(precision), and of the right cluster that it is with (recall), averaged over spans; a span that the stage left out is
alone in its cluster. A labelled statement is the one of the lake whose content is most like its own, so that labels
outlive the reader whose spans were labelled.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.gazetteer import load_names
from pipeline.lake import Lake
from pipeline.names import LookUp, key
from pipeline.schemas import Articles, Entities, Statements
from pipeline.settings import load_settings

SMALL_WORDS = {"of", "the", "for", "and"}
NOBODY = {"none", "unnamed"}
# A span of another reading is the labelled one where they share this much of what both cover.
SAME_SPAN = 0.8
SAME_END = 0.5  # of names that end together: one may have the title, or the given name, that the other lacks
# A statement is the labelled one where their contents share this much of what both cover.
SAME_CONTENT = 0.5


class LabelError(Exception):
    """A label file cannot be used: the message says which line and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelledEntity(_Strict):
    """Whom labels of one article refer to: a Wikidata id where the labeller knew one, a full name, a type."""

    id: str | None
    name: str
    type: Literal["PER", "ORG", "LOC", "MISC"]


class LabelledSpan(_Strict):
    """A span, in code points of the body, and the entity that it refers to; null = it names nothing."""

    start: int
    end: int
    entity: str | None


class Content(_Strict):
    """A span of what is said."""

    start: int
    end: int


class LabelledStatement(_Strict):
    """A statement and who makes it: an entity, `for:` an entity, `unnamed`, or `none` where it is no statement."""

    speaker_start: int | None
    speaker_end: int | None
    cue_start: int | None
    cue_end: int | None
    content: tuple[Content, ...]
    speaker: str


class Labels(_Strict):
    """The labels of one article."""

    article_id: str
    entities: dict[str, LabelledEntity]
    mentions: tuple[LabelledSpan, ...]
    missed: tuple[LabelledSpan, ...] = ()
    """Spans that refer to someone and that the reader had not marked."""
    statements: tuple[LabelledStatement, ...] = ()


def load_labels(path: Path) -> list[Labels]:
    """The labels in a file of JSON Lines, one article a line.

    Raises:
        LabelError: the file cannot be read, or a line is not what docs/entities.md says.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(f"cannot read the labels {path}: {error}") from error
    labels = []
    for number, line in enumerate(lines, 1):
        try:
            article = Labels.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            raise LabelError(f"{path}:{number}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        named = {span.entity for span in (*article.mentions, *article.missed)} - {None}
        named |= {statement.speaker.removeprefix("for:") for statement in article.statements} - NOBODY
        if unknown := sorted(map(str, named - set(article.entities))):
            raise LabelError(f"{path}:{number}: not among the article's entities: {', '.join(unknown)}")
        labels.append(article)
    return labels


@dataclass(frozen=True)
class Guess:
    """An entity that a method gives a span."""

    cluster: str
    """What two spans of one entity share."""
    wikidata_id: str | None
    name: str
    is_known: bool
    """Linked to an entity that is known across articles."""
    is_apart: bool = False
    """Left apart: the method says that it does not know who it is."""


Spans = dict[tuple[str, int, int], Guess]
"""Article, start and end to the entity there."""

Said = dict[str, list[tuple[tuple[int, int] | None, list[tuple[int, int]]]]]
"""Article to its statements: the span of the speaker, where it has one, and those of what is said."""


def evaluate(
    labels: Iterable[Labels], stage: Spans, said: Said, words: dict[str, str], look_up: LookUp
) -> list[dict[str, object]]:
    """A row for each figure: metric, the stage's value and the baseline's; with the errors of the stage.

    Args:
        stage: what the stage resolved.
        said: the statements whose speakers it resolved.
        words: the bodies, by article.
    """
    labels = list(labels)
    places = {(a.article_id, s.start, s.end) for a in labels for s in (*a.mentions, *a.missed)} | {
        (a.article_id, s.speaker_start, s.speaker_end)
        for a in labels
        for s in a.statements
        if s.speaker_start is not None and s.speaker_end is not None
    }
    texts = {place: words[place[0]][place[1] : place[2]] for place in places}
    judge = _Judge(labels, texts.values(), look_up)
    baseline = {place: judge.exact(text) for place, text in texts.items()}
    rows: list[dict[str, object]] = []
    for method, found in (("stage", stage), ("exact match", baseline)):
        figures = _spans(labels, found, judge) | _speakers(labels, found, said if method == "stage" else {}, judge)
        for metric, (value, errors) in figures.items():
            if method == "stage":
                rows.append({"metric": metric, "stage": value, "errors": errors})
            else:
                next(row for row in rows if row["metric"] == metric)["exact match"] = value
    return rows


class _Judge:
    """Tells whether a guess is the labelled entity."""

    def __init__(self, labels: list[Labels], texts: Iterable[str], look_up: LookUp) -> None:
        names = sorted({_plain(e.name) for a in labels for e in a.entities.values()} | set(texts))
        keyed = pl.DataFrame({"text": names}, schema={"text": pl.String}).with_columns(key=key(pl.col("text")))
        self._keys: dict[str, str] = dict(keyed.select("text", "key").iter_rows())
        known = look_up(keyed["key"]).filter(pl.col("via") != "office")
        self._known: dict[str, list[dict[str, str | None]]] = {}
        for row in known.select("key", "entity_id", "wikidata_id", "name").unique(maintain_order=True).to_dicts():
            self._known.setdefault(row["key"], []).append(row)

    def exact(self, text: str) -> Guess:
        """The baseline: the words themselves; linked where they are an alias of one known entity."""
        text = " ".join(text.split())
        known = self._known.get(self._key(text), [])
        if len(known) == 1:
            return Guess(text, known[0]["wikidata_id"], str(known[0]["name"]), True)
        return Guess(text, None, text, False)

    def is_right(self, guess: Guess, entity: LabelledEntity) -> bool:
        """By Wikidata id where both have one; else by name: the same words, a known alias, or some left out."""
        if guess.wikidata_id and entity.id:
            return guess.wikidata_id == entity.id
        name, guessed = self._key(_plain(entity.name)), self._key(guess.name)
        if name == guessed or guess.cluster in {row["entity_id"] for row in self._known.get(name, [])}:
            return True
        few, many = sorted((name.split(), guessed.split()), key=len)
        if set(few) - SMALL_WORDS == set(many) - SMALL_WORDS:
            return True
        return len(few) > 1 and few[-1] == many[-1] and set(few) <= set(many)

    def _key(self, text: str) -> str:
        if text not in self._keys:
            self._keys[text] = str(pl.select(key(pl.lit(text))).item())
        return self._keys[text]


def _plain(name: str) -> str:
    return name.split(" (")[0]


Figures = dict[str, tuple[float, list[str]]]


def _spans(labels: list[Labels], found: Spans, judge: _Judge) -> Figures:
    """B-cubed within an article and across them all, and the links."""
    gold: list[
        tuple[str, str, str, str]
    ] = []  # article, label's entity, its identity across articles, the cluster found
    linked = right = wanted = got = 0
    errors: list[str] = []
    missing: list[str] = []
    for article in labels:
        for span in (*article.mentions, *article.missed):
            at = (article.article_id, span.start, span.end)
            guess = _at(found, at, is_name=True)
            entity = article.entities[span.entity] if span.entity else None
            if entity is not None:
                identity = entity.id or f"{entity.type} {_plain(entity.name)}"
                cluster = guess.cluster if guess else f"alone {at}"
                gold.append((article.article_id, str(span.entity), identity, cluster))
            is_right = guess is not None and entity is not None and judge.is_right(guess, entity)
            if guess is not None and guess.is_known:
                linked += 1
                right += is_right
                if not is_right:
                    errors.append(f"{at}: {guess.name} for {entity.name if entity else 'no name'}")
            if entity is not None and entity.id:
                wanted += 1
                got += is_right and guess is not None and guess.is_known
                if guess is None or not guess.is_known:
                    missing.append(f"{at}: {guess.name if guess else 'nothing'} for {entity.name}")
    within = _b_cubed([(f"{a} {e}", f"{a} {c}") for a, e, _, c in gold])
    across = _b_cubed([(i, c) for _, _, i, c in gold])
    return {
        "spans": (float(len(gold)), []),
        "b_cubed_precision": (within[0], []),
        "b_cubed_recall": (within[1], []),
        "b_cubed_f1": (within[2], []),
        "b_cubed_precision_across": (across[0], []),
        "b_cubed_recall_across": (across[1], []),
        "b_cubed_f1_across": (across[2], []),
        "link_precision": (_percent(right, linked), errors),
        "link_recall": (_percent(got, wanted), missing),
    }


def _speakers(labels: list[Labels], found: Spans, said: Said, judge: _Judge) -> Figures:
    """Of statements whose speaker has a name, how many got it; of all that got one, how many the right one."""
    human = named = resolved = right = named_right = heard = 0
    errors: list[str] = []
    missing: list[str] = []
    for article in labels:
        for statement in article.statements:
            if statement.speaker == "none":
                continue
            entity = article.entities.get(statement.speaker.removeprefix("for:"))
            is_named = statement.speaker in article.entities
            span, is_heard = _speaker_of(statement, said.get(article.article_id, []))
            heard += is_heard
            at = (article.article_id, *(span or (0, 0)))
            guess = _at(found, at) if span else None
            guess = None if guess is None or guess.is_apart else guess
            is_right = guess is not None and entity is not None and judge.is_right(guess, entity)
            human += 1
            named += is_named
            resolved += guess is not None
            right += is_right
            named_right += is_named and is_right
            if guess is not None and not is_right:
                errors.append(f"{at}: {guess.name} for {statement.speaker}")
            if guess is None and is_named:
                missing.append(f"{at}: nothing for {statement.speaker}")
    return {
        "statements_with_a_speaker": (float(human), []),
        "statements_with_a_named_speaker": (float(named), []),
        "statements_found": (_percent(heard, human), []),
        "speaker_rate_of_all": (_percent(right, human), []),
        "speaker_rate_of_named": (_percent(named_right, named), missing),
        "speaker_precision": (_percent(right, resolved), errors),
    }


def _speaker_of(
    statement: LabelledStatement, said: list[tuple[tuple[int, int] | None, list[tuple[int, int]]]]
) -> tuple[tuple[int, int] | None, bool]:
    """The span of the speaker in this reading, else the labelled one; and whether the reading has the statement."""
    own = {c for span in statement.content for c in range(span.start, span.end)}
    best: tuple[float, tuple[int, int] | None] | None = None
    for speaker, content in said:
        other = {c for start, end in content for c in range(start, end)}
        share = len(own & other) / max(1, len(own | other))
        if share >= SAME_CONTENT and (best is None or share > best[0]):
            best = (share, speaker)
    if best is not None:
        return best[1], True
    if statement.speaker_start is None or statement.speaker_end is None:
        return None, False
    return (statement.speaker_start, statement.speaker_end), False


def _at(found: Spans, at: tuple[str, int, int], *, is_name: bool = False) -> Guess | None:
    """What was found at the span, or at the one that is nearly the same."""
    if at in found:
        return found[at]
    article, start, end = at
    best: tuple[float, int, int] | None = None
    for other, s, e in found:
        if other == article and s < end and e > start:
            share = (min(e, end) - max(s, start)) / (max(e, end) - min(s, start))
            if share >= (SAME_END if e == end and is_name else SAME_SPAN) and (best is None or (share, -s, -e) > best):
                best = (share, -s, -e)
    return found[article, -best[1], -best[2]] if best else None


def _b_cubed(pairs: list[tuple[str, str]]) -> tuple[float, float, float]:
    """Precision, recall and F1, 0 to 100, of (right cluster, found cluster) of every span."""
    frame = pl.DataFrame(pairs, schema=["gold", "found"], orient="row")
    shares = frame.with_columns(
        both=pl.len().over("gold", "found"), found_size=pl.len().over("found"), gold_size=pl.len().over("gold")
    ).select(
        precision=(pl.col("both") / pl.col("found_size")).mean(), recall=(pl.col("both") / pl.col("gold_size")).mean()
    )
    precision, recall = shares.row(0) if pairs else (0.0, 0.0)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return 100 * precision, 100 * recall, 100 * f1


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def read_stage(lake: Lake, labels: list[Labels], look_up: LookUp) -> tuple[Spans, Said, dict[str, str]]:
    """What the stage resolved in the labelled articles, their statements, and their bodies.

    Raises:
        LabelError: an article has not run.
    """
    wanted = [article.article_id for article in labels]
    spans: Spans = {}
    said: Said = {}
    words: dict[str, str] = {}
    for day in lake.days(Entities):
        articles = lake.read(Articles, day).filter(pl.col("article_id").is_in(wanted))
        if articles.is_empty():
            continue
        words |= dict(articles.select("article_id", "body").iter_rows())
        entities = lake.read(Entities, day).filter(pl.col("article_id").is_in(wanted))
        known = set(look_up(entities.select(key=key(pl.col("name")))["key"])["entity_id"])
        for row in entities.iter_rows(named=True):
            is_known = row["wikidata_id"] is not None or row["entity_id"] in known
            is_apart = row["method"] == "ambiguous"
            guess = Guess(row["entity_id"], row["wikidata_id"], row["name"], is_known and not is_apart, is_apart)
            spans[row["article_id"], row["start"], row["end"]] = guess
        for row in lake.read(Statements, day).filter(pl.col("article_id").is_in(wanted)).iter_rows(named=True):
            speaker = None if row["speaker_start"] is None else (row["speaker_start"], row["speaker_end"])
            content = [(span["start"], span["end"]) for span in row["content"]]
            said.setdefault(row["article_id"], []).append((speaker, content))
    if absent := sorted(set(wanted) - set(words)):
        raise LabelError(f"not in the lake {lake.root}: {', '.join(absent)}; run their days first")
    return spans, said, words


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--errors", action="store_true", help="print every error of the stage")
    arguments = parser.parse_args()
    try:
        labels = [article for path in arguments.labels for article in load_labels(path)]
        settings = load_settings()
        lake = Lake(settings.lake)
        look_up = load_names(settings.newsroom().entities, lake)
        spans, said, words = read_stage(lake, labels, look_up)
    except LabelError as error:
        raise SystemExit(str(error)) from error
    for row in evaluate(labels, spans, said, words, look_up):
        errors = row.pop("errors")
        print(json.dumps(row | {k: round(v, 2) for k, v in row.items() if isinstance(v, float)}))
        if arguments.errors and isinstance(errors, list):
            for line in errors:
                print(f"    {line}")


if __name__ == "__main__":
    main()
