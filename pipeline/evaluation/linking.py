"""How right the links of names to Wikidata are, on public benchmarks of entity linking.

    python -m pipeline.evaluation.linking --data DATA [--set NAME …] [--errors] [--keep FOLDER]

Reads DATA/entity_linking/NAME.benchmark.jsonl in the format of Elevant: JSON Lines, one document a line, with `text`,
`labels` and `evaluation_span`; without `--set` every set whose name ends in `-dev`. A text of an AIDA set is masked
with asterisks and gets its words back from DATA/conll2003. All documents run as one day through `standpoint run`
(`pipeline.evaluation.gold`), with the shipped gazetteer and nothing else; only the published file is read.

What is counted, for each set:

- A *name* is a label inside the evaluation span, with a capital letter in its words and in its entity's own name, that
  is no pronoun or description (`coref`), date, quantity or optional label. It is *wanted* where it has a Wikidata id;
  a name whose entity Wikidata lacks (`<NIL>`) is not wanted, but a link of it is wrong.
- A name is judged by one span of the published file: the one of the same offsets, else the one that overlaps it most.
  It is *linked* where that span has a Wikidata id, and *found* where that id is its own. Recall is the share of the
  wanted names that are found.
- Precision is over the spans with a Wikidata id by which a name is judged: right with the id of one of their names.
  A description that holds a name ("the Corvanian president") is not judged where the name has a span of its own.

Prints a line for each set, and the CPU time in milliseconds an article that the entities stage takes: it resolves the
run's articles once more for that. `--errors` prints every wrong link, and every miss whose id the gazetteer has, on
stderr, one a line, its kind first.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import SequenceMatcher
from pathlib import Path

import duckdb
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipeline.evaluation.annotation import Article
from pipeline.evaluation.gold import DAY, GoldError, links_table, new_folder, read_rows, run_articles
from pipeline.evaluation.measures import Count, Miss
from pipeline.gazetteer import load_gazetteer, load_names
from pipeline.lake import Lake
from pipeline.schemas import Articles, Mentions, References, Statements
from pipeline.stages.entities import resolve_entities
from pipeline.stages.normalise import clean

FILE = "entity_linking/{name}.benchmark.jsonl"
WORDS = "conll2003/eng.testa"
"""The words of the masked development texts, a token a line."""
MASKED = "aida-conll"
"""How the names of the sets begin whose texts are masked."""
MASK = "*"
NIL = "<NIL>"
NO_NAMES = ("DATETIME", "QUANTITY")
"""Types of labels that name nothing."""
TITLE_DATE = re.compile(r"(\d{8}) - ")
DATELINE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
AROUND = 30
"""Code points on either side of a name that `--errors` shows."""


class LinkingError(Exception):
    """A set cannot be used: the message says which file, which line and why."""


class Label(BaseModel):
    """A span of the text and what it refers to."""

    model_config = ConfigDict(frozen=True)

    span: tuple[int, int]
    entity_id: str
    name: str = ""
    """The entity's own name."""
    type: str = ""
    coref: bool = False
    """A pronoun or description."""
    optional: bool = False


class Document(BaseModel):
    """A labelled text; offsets are code points of it, half open."""

    model_config = ConfigDict(frozen=True)

    title: str
    text: str
    evaluation_span: tuple[int, int]
    labels: tuple[Label, ...]

    @model_validator(mode="after")
    def _check_spans(self) -> Document:
        for start, end in (self.evaluation_span, *(label.span for label in self.labels)):
            if not 0 <= start < end <= len(self.text):
                raise ValueError(f"the span [{start}, {end}] is not in the text, which has {len(self.text)} characters")
        return self

    @property
    def names(self) -> list[Label]:
        """The labels that count."""
        first, last = self.evaluation_span
        return [
            label
            for label in self.labels
            if first <= label.span[0] and label.span[1] <= last and _is_name(label, self.text)
        ]


def _is_name(label: Label, text: str) -> bool:
    if label.coref or label.optional or label.type in NO_NAMES:
        return False
    if label.entity_id == NIL:
        return _has_capital(text[slice(*label.span)])
    return _is_wanted(label) and _has_capital(text[slice(*label.span)]) and _has_capital(label.name)


def _is_wanted(label: Label) -> bool:
    return re.fullmatch(r"Q\d+", label.entity_id) is not None


def _has_capital(words: str) -> bool:
    return any(character.isupper() for character in words)


# --- read the sets ---------------------------------------------------------------------------------------------------


def find_sets(data: Path) -> list[str]:
    """The names of the development sets.

    Raises:
        LinkingError: there is none.
    """
    files = sorted((data / FILE).parent.glob(FILE.format(name="*-dev").rpartition("/")[2]))
    if not files:
        raise LinkingError(f"no development set {data / FILE.format(name='*-dev')}: --data names the folder above")
    return [file.name.partition(".")[0] for file in files]


def load_set(data: Path, name: str) -> list[Document]:
    """The documents of a set, unmasked.

    Raises:
        LinkingError: a file cannot be read, a line is not a document, or a masked text is not among the words.
    """
    path = data / FILE.format(name=name)
    texts = _load_words(data / WORDS) if name.startswith(MASKED) else None
    documents = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        try:
            document = Document.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = "".join(f" {'.'.join(map(str, first['loc']))}:" if first["loc"] else "")
            raise LinkingError(f"{path}:{number}:{where} {first['msg']}") from error
        if texts is not None:
            text = next((text for text in texts[len(document.text)] if _is_masked(document.text, text)), None)
            if text is None:
                raise LinkingError(f"{path}:{number}: no document of {data / WORDS} has this text under its asterisks")
            document = document.model_copy(update={"text": text})
        documents.append(document)
    if not documents:
        raise LinkingError(f"{path} has no documents")
    return documents


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LinkingError(f"cannot read {path}: {error}") from error


def _load_words(path: Path) -> dict[int, list[str]]:
    """The texts of a CoNLL file, tokens joined by blanks, by their length."""
    tokens: list[list[str]] = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        token = line.partition(" ")[0]
        if token == "-DOCSTART-":
            tokens.append([])
        elif token and not tokens:
            raise LinkingError(f"{path}:{number}: a document begins with -DOCSTART-, not with {token!r}")
        elif token:
            tokens[-1].append(token)
    texts = defaultdict[int, list[str]](list)
    for text in map(" ".join, tokens):
        texts[len(text)].append(text)
    return texts


def _is_masked(masked: str, text: str) -> bool:
    return all(letter in (MASK, own) for letter, own in zip(masked, text, strict=True))


# --- run and read the published file ---------------------------------------------------------------------------------


def to_articles(name: str, documents: Iterable[Document]) -> list[Article]:
    """The documents as articles of an outlet that is called like the set.

    The day of publication is that of the title or of the dateline; a document without one has that of the document
    before it: who is president depends on it.
    """
    articles, day = [], str(DAY)
    for number, document in enumerate(documents, 1):
        day = _day_of(document) or day
        # An archive refuses an article without a headline.
        title = TITLE_DATE.sub("", document.title, count=1) or f"{name} {number}"
        articles.append(Article("", name, day, title, document.text, (), (), (), None))
    return articles


def _day_of(document: Document) -> str | None:
    title = TITLE_DATE.match(document.title)
    try:
        if title:
            return str(datetime.strptime(title[1], "%Y%m%d").date())
        dateline = DATELINE.search(document.text)
        return str(date.fromisoformat(dateline[0])) if dateline else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Span:
    """A span that the pipeline resolved; offsets are code points of the body."""

    start: int
    end: int
    wikidata_id: str | None
    name: str
    method: str


@dataclass(frozen=True)
class Shown:
    """What the published file says of a document."""

    body: str
    spans: list[Span] = field(default_factory=list)


def read_shown(warehouse: Path, count: int) -> list[Shown | None]:
    """What the file says of each document; None where it lacks it.

    Raises:
        GoldError: the file cannot be read, or lacks a table or column.
    """
    numbers: dict[str, int] = {}
    shown: list[Shown | None] = [None] * count
    try:
        with duckdb.connect(str(warehouse), read_only=True) as con:
            for row in read_rows(
                con, "SELECT article_id, body, regexp_extract(url, '[0-9]+$') AS number FROM articles"
            ):
                numbers[row["article_id"]] = int(row["number"])
                shown[int(row["number"])] = Shown(row["body"])
            spans = f'SELECT article_id, start, "end", wikidata_id, name, method FROM {links_table(con)} ORDER BY ALL'
            for row in read_rows(con, spans):
                if document := shown[numbers[row.pop("article_id")]]:
                    document.spans.append(Span(**row))
    except duckdb.Error as error:
        raise GoldError(f"cannot read {warehouse}: {error}") from error
    return shown


def cost_of_entities(lake: Lake) -> float:
    """Milliseconds of CPU time an article that the entities stage takes on the day of the run.

    `runs` has wall time only, which says more of what else the machine does.
    """
    tables = (
        lake.read(Articles, DAY),
        lake.read(Mentions, DAY),
        lake.read(Statements, DAY),
        lake.read(References, DAY),
    )
    look_up, start = load_names(), time.process_time()
    resolve_entities(*tables, look_up)
    return 1000 * (time.process_time() - start) / max(1, tables[0].height)


def places_in_body(document: Document, body: str) -> dict[tuple[int, int], tuple[int, int]]:
    """The span of each name to its place in the body, which is the text as `normalise` cleans it, without headline,
    byline, dateline and credits.

    A name of what is taken off has no place.

    Raises:
        LinkingError: the body is no part of the text.
    """
    whole = clean(document.text)
    # The longest runs that both have, from left to right; where a line was taken off its break stays.
    runs = SequenceMatcher(None, whole, body, autojunk=False).get_matching_blocks()
    if sum(run.size for run in runs) < len(body) - body.count("\n"):
        raise LinkingError(f"the pipeline changed the text of {document.title or document.text[:40]!r}")
    places = {}
    for start, end in (label.span for label in document.names):
        # With the first letter of the name, so that a blank before it stays.
        first, last = len(clean(document.text[: start + 1])) - 1, len(clean(document.text[:end]))
        for run in runs:
            if run.a <= first and last <= run.a + run.size:
                places[start, end] = (first - run.a + run.b, last - run.a + run.b)
    return places


# --- count -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """The figures of one set."""

    name: str
    documents: int
    unpublished: int
    """Documents that the published file lacks."""
    links: Count
    """Spans with a Wikidata id, and wanted names."""
    linked: int
    """Wanted names that are linked, rightly or not."""
    known: int
    """Wanted names whose id the gazetteer has."""
    ids: int
    """Different ids of the wanted names."""
    known_ids: int

    @property
    def ceiling(self) -> float:
        """The highest recall that the gazetteer allows, in per cent."""
        return 100 * self.known / max(1, self.links.wanted)


def score_set(
    name: str, documents: Sequence[Document], shown: Sequence[Shown | None], known: Collection[str]
) -> Scores:
    """Counts what is shown of the documents of a set; `known` are the Wikidata ids of the gazetteer."""
    links, linked, ids = Count(), 0, list[str]()
    for document, answer in zip(documents, shown, strict=True):
        count, own_linked = _count(document, answer or Shown(""), known)
        links, linked = links + count, linked + own_linked
        ids += [label.entity_id for label in document.names if _is_wanted(label)]
    return Scores(
        name=name,
        documents=len(documents),
        unpublished=sum(answer is None for answer in shown),
        links=links,
        linked=linked,
        known=sum(id in known for id in ids),
        ids=len(set(ids)),
        known_ids=len(set(ids) & set(known)),
    )


def _count(document: Document, shown: Shown, known: Collection[str]) -> tuple[Count, int]:
    """The links of one document, and how many wanted names are linked."""
    places = places_in_body(document, shown.body)
    judged: dict[Span, list[Label]] = defaultdict(list)
    misses: list[Miss] = []
    found = linked = 0
    for label in document.names:
        span = _best(places.get(label.span), shown.spans)
        id = span.wikidata_id if span else None
        if span and id:
            judged[span].append(label)
        if _is_wanted(label):
            linked += id is not None
            found += id == label.entity_id
            if id is None and label.entity_id in known:
                method = f"{span.method} {span.name}" if span else "no span"
                misses.append(_miss("missed", document, label, method))
    right = 0
    for span, labels in judged.items():
        if span.wikidata_id in {label.entity_id for label in labels}:
            right += 1
        else:
            said = f"{span.method} {span.name} {span.wikidata_id}"
            misses.append(_miss("wrong" if _is_wanted(labels[0]) else "wrong-nil", document, labels[0], said))
    wanted = sum(_is_wanted(label) for label in document.names)
    return Count(right, len(judged), found, wanted, tuple(misses)), linked


def _best(place: tuple[int, int] | None, spans: Iterable[Span]) -> Span | None:
    """The span that shares most with the place, of what both cover; the first of equals."""
    if place is None:
        return None
    start, end = place
    over = [span for span in spans if span.start < end and start < span.end]
    return max(
        over,
        key=lambda s: (min(s.end, end) - max(s.start, start)) / (max(s.end, end) - min(s.start, start)),
        default=None,
    )


def _miss(kind: str, document: Document, label: Label, shown: str) -> Miss:
    start, end = label.span
    before, after = document.text[max(0, start - AROUND) : start], document.text[end : end + AROUND]
    gold = f"{label.name} {label.entity_id}"
    detail = f"{document.text[start:end]} | {shown} | {gold} | …{before}[{document.text[start:end]}]{after}…"
    return Miss(kind, document.title or document.text, detail)


# --- print -----------------------------------------------------------------------------------------------------------


def to_table(scores: Iterable[Scores], cost: float) -> str:
    """The figures as lines to read."""
    head = ("", "names", "linked", "precision", "recall", "F1", "known", "known %", "ids", "known ids")
    lines = [_line(head)]
    for s in scores:
        figures = (f"{figure:.1f}" for figure in (s.links.precision, s.links.recall, s.links.f1))
        lines.append(
            _line((s.name, s.links.wanted, s.linked, *figures, s.known, f"{s.ceiling:.1f}", s.ids, s.known_ids))
        )
        if s.unpublished:
            lines.append(
                f"  {s.unpublished} of {s.documents} documents were not published: their names count as missed"
            )
    return "\n".join([*lines, "", f"entities: {cost:.1f} ms an article (CPU time)"])


def _line(cells: Sequence[object]) -> str:
    return f"{cells[0]:<20}" + "".join(f"{cell:>10}" for cell in cells[1:])


def evaluate(data: Path, names: Sequence[str], folder: Path) -> tuple[list[Scores], float]:
    """Runs the sets as one day in the folder; the figures of each, and the cost of the entities stage.

    Raises:
        LinkingError: a set cannot be used.
        GoldError: the run fails.
    """
    sets = {name: load_set(data, name) for name in names}
    articles = [article for name, documents in sets.items() for article in to_articles(name, documents)]
    shown = read_shown(run_articles(articles, folder), len(articles))
    known = set(load_gazetteer()["wikidata_id"].drop_nulls())
    scores, done = [], 0
    for name, documents in sets.items():
        scores.append(score_set(name, documents, shown[done : done + len(documents)], known))
        done += len(documents)
    return scores, cost_of_entities(Lake(str(folder / "lake")))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder of entity_linking and conll2003")
    parser.add_argument("--set", action="append", metavar="NAME", help="a set; may be given many times")
    parser.add_argument("--errors", action="store_true", help="print wrong links and misses on stderr")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="run in this empty folder, and keep it")
    arguments = parser.parse_args()
    try:
        names = list(dict.fromkeys(arguments.set or find_sets(arguments.data)))
        with new_folder(arguments.keep) as folder:
            scores, cost = evaluate(arguments.data, names, folder)
    except (GoldError, LinkingError) as error:
        raise SystemExit(str(error)) from error
    if arguments.errors:
        for own in scores:
            for miss in own.links.misses:
                print(miss, file=sys.stderr)
    print(to_table(scores, cost))


if __name__ == "__main__":
    main()
