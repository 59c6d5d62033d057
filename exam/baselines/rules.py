"""A rule system: quotation marks, reporting verbs, capitalised names, and VADER's polarity at the named target.

    pip install vaderSentiment
    python exam/baselines/rules.py exam/dev.jsonl.gz > answers.jsonl

It reads the text and the aliases of the issue. Nothing is learned; its rules were mended on `train` alone.

- a statement is a quotation, or the clause that a reporting verb or "according to" attaches to a name;
- a speaker is the name nearest to the cue; a pronoun is the last speaker;
- a side toward a name is the polarity of the content that holds it, from VADER's own threshold on;
- a side on the issue is the same for a content that holds one of its aliases;
- it says nothing of the article's own voice.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline.evaluation.annotation import AnnotationError, Article, load_articles

Polarity = Callable[[str], float]
"""A text to a number from -1 to 1."""

THRESHOLD = 0.05
"""VADER's authors: from here on a compound score is positive, below its opposite negative."""
SHORTEST_QUOTE = 3
"""Words: shorter quotations are terms and titles."""

SENTENCE = re.compile(r"\S.*?(?:[.!?][\"”’')\]]*(?=\s+[\"“‘'(\[]?[A-Z0-9]|\s*$)|(?=\n)|$)", re.MULTILINE)
QUOTE = re.compile(r"[\"“]([^\"“”\n]+)[\"”]")
NAME = re.compile(
    r"\b(?:[A-Z]\.)*[A-Z][\w’'-]*(?:\s+(?:(?:of|the|for|and|de|van|von|al|bin)\s+){0,2}(?:[A-Z]\.\s*)*[A-Z][\w’'-]*)*"
)
PRONOUN = re.compile(r"\b(?:he|she|they|it)\b", re.IGNORECASE)
VERBS = (
    "said|says|told|tells|wrote|writes|tweeted|stated|states|announced|added|claimed|claims|argued|argues|reported|"
    "reports|explained|noted|warned|warns|confirmed|denied|denies|rejected|insisted|suggested|acknowledged|admitted|"
    "alleged|accused|accuses|called|commented|declared|demanded|urged|asked|asks|promised|predicted|believes|thinks|"
    "described|expressed|criticised|criticized|condemned|praised|thanked|declined|refused"
)
VERB = re.compile(rf"\b(?:{VERBS})\b")
ACCORDING = re.compile(r"\baccording to\b", re.IGNORECASE)
HEDGED = re.compile(r"\b(?:may|might|could|allegedly|reportedly|apparently|possibly|perhaps|suggested|alleged)\b")
DENIED = re.compile(r"\b(?:denied|denies|rejected)\b")
WITHHELD = re.compile(r"\b(?:declined|refused) (?:to|any) (?:comment|answer|say)")
ASKED = re.compile(r"\b(?:asked|asks)\b")
NO_NAMES = re.compile(
    r"(?:the|an?|in|on|at|of|for|and|but|or|as|by|with|from|to|its?|i|he|she|they|we|this|that|these|those|there|their|"
    r"his|her|our|my|your|after|before|while|when|where|what|who|how|why|according|however|also|although|since|if|"
    r"then|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|mr|mrs|ms|dr|yesterday|today|not|no|some|many|most|all|both|one|two)",
    re.IGNORECASE,
)
TITLES = re.compile(r"^(?:The|Mr|Mrs|Ms|Dr|President|Prime Minister|Senator|In|On|At|But|And|As|For|While|After)\.?\s+")


@dataclass(frozen=True)
class Name:
    """A capitalised name at a place, with the longer name before it that ends or begins with it."""

    start: int
    end: int
    full: str


def answer(article: Article, polarity: Polarity) -> dict[str, Any]:
    """What the rules say of one article."""
    names = find_names(article.text)
    statements: list[dict[str, Any]] = []
    stands: dict[str, float] = {}
    aliases = [alias.casefold() for alias in article.issue.aliases] if article.issue else []
    speaker: str | None = None
    # A full stop inside a quotation ends no sentence, unless it ends the quotation.
    whole_quotes = QUOTE.sub(lambda match: re.sub(r"[.!?](?=.{2})", ",", match.group()), article.text)
    for sentence in SENTENCE.finditer(whole_quotes):
        for found in find_statements(article.text, sentence.start(), sentence.end(), names, speaker):
            speaker = found["speaker"] or speaker
            score = sum(polarity(article.text[start:end]) for start, end in found["content"]) / len(found["content"])
            found["toward"] = [] if abs(score) < THRESHOLD else list(_toward(found, names, score))
            statements.append(found)
            words = " ".join(article.text[start:end] for start, end in found["content"]).casefold()
            holder = found["speaker"] or found["speaker_words"]
            if holder and abs(score) >= THRESHOLD and any(alias in words for alias in aliases):
                stands[holder] = stands.get(holder, 0.0) + score
    return {
        "url": article.url,
        "entities": [
            {"name": full, "forms": sorted({article.text[n.start : n.end] for n in names if n.full == full})}
            for full in dict.fromkeys(name.full for name in names)
        ],
        "statements": statements,
        "issue_stands": [{"holder": holder, "side": _side(score)} for holder, score in stands.items() if score],
        "voice": [],
    }


def _side(score: float) -> str:
    return "favour" if score > 0 else "against"


def _toward(found: dict[str, Any], names: list[Name], score: float) -> Iterator[dict[str, str]]:
    inside = [n for n in names if any(start <= n.start and n.end <= end for start, end in found["content"])]
    for full in dict.fromkeys(name.full for name in inside):
        if full != found["speaker"]:
            yield {"target": full, "side": _side(score)}


def find_names(text: str) -> list[Name]:
    """Capitalised words, but for function words and titles; a short name means the longer one before it."""
    names: list[Name] = []
    for match in NAME.finditer(text):
        start, words = match.start(), match.group().rstrip(".'’-")
        words = re.sub(r"[’']s$", "", words)
        while title := TITLES.match(words):
            start, words = start + title.end(), words[title.end() :]
        if not words or NO_NAMES.fullmatch(re.split(r"[’']", words)[0]):
            continue
        longer = [n.full for n in names if n.full.endswith(f" {words}") or n.full.startswith(f"{words} ")]
        names.append(Name(start, start + len(words), longer[-1] if longer else words))
    return names


def find_statements(text: str, start: int, end: int, names: list[Name], last: str | None) -> Iterator[dict[str, Any]]:
    """The statement of one sentence: by a cue, else its quotation, which the last speaker goes on with."""
    sentence = text[start:end]
    quotes = [m for m in QUOTE.finditer(sentence) if len(m[1].split()) >= SHORTEST_QUOTE]
    outside = QUOTE.sub(lambda match: " " * len(match.group()), sentence)
    cue = ACCORDING.search(outside) or VERB.search(outside)
    if cue is None:
        if quotes and last and 2 * sum(len(m[1]) for m in quotes) > len(sentence):
            yield _statement(text, last, "", "", [(start + m.start(1), start + m.end(1)) for m in quotes])
        return
    who = _speaker(sentence, start, cue, names, last)
    content = _clause(sentence, cue, who.start - start if who else None)
    if quotes and (content is None or sum(len(m[1]) for m in quotes) > 0.8 * (content[1] - content[0])):
        pieces = [(m.start(1), m.end(1)) for m in quotes]
    elif content is not None:
        pieces = [content]
    else:
        return
    name, words = (who.full or None, text[who.start : who.end]) if who else (None, "")
    if who is None and cue.re is VERB:
        return
    yield _statement(text, name, words, cue.group(), [(start + s, start + e) for s, e in pieces], sentence)


def _speaker(sentence: str, start: int, cue: re.Match[str], names: list[Name], last: str | None) -> Name | None:
    """The name nearest to the cue, a pronoun for the last speaker, or a described one (without a full name)."""
    if cue.re is ACCORDING:
        after = [n for n in names if start + cue.end() <= n.start <= start + cue.end() + 60]
        if after:
            return after[0]
        words = re.compile(r"\s*([^,.;]+)").match(sentence, cue.end())
        return Name(start + words.start(1), start + words.end(1), "") if words else None
    before = [n for n in names if start + cue.start() - 60 <= n.start >= start and n.end <= start + cue.start()]
    pronouns = list(PRONOUN.finditer(sentence, max(0, cue.start() - 20), cue.start()))
    if pronouns and (not before or start + pronouns[-1].start() > before[-1].start):
        return Name(start + pronouns[-1].start(), start + pronouns[-1].end(), last or "")
    after = [n for n in names if start + cue.end() <= n.start <= start + cue.end() + 5]
    if before or after:
        return before[-1] if before else after[0]
    words = re.compile(r"((?:[Tt]he|[Aa]n?|[Oo]fficials?|[Pp]olice)\b[^,.;]{0,50}?)\s*$").search(
        sentence[: cue.start()]
    )
    return Name(start + words.start(1), start + words.end(1), "") if words else None


def _clause(sentence: str, cue: re.Match[str], speaker: int | None) -> tuple[int, int] | None:
    """What is attributed: the words before a final cue, else those after it."""
    first = min(cue.start(), speaker if speaker is not None else cue.start())
    if re.search(r",[\"”]?\s*$", sentence[:first]) and first > len(sentence) / 3:
        return _trim(sentence, 0, first)
    if cue.re is ACCORDING:
        comma = sentence.find(",", cue.end())
        return _trim(sentence, 0, first) if first > len(sentence) / 3 else _trim(sentence, comma + 1, len(sentence))
    that = re.compile(r"[^,.;“\"]{0,40}?\bthat\s+").match(sentence, cue.end())
    return _trim(sentence, that.end() if that else cue.end(), len(sentence))


def _trim(sentence: str, start: int, end: int) -> tuple[int, int] | None:
    words = re.compile(r"[\s,:“\"]*(.*?)[\s,.;:”\"]*$", re.DOTALL).match(sentence[:end], start)
    return (words.start(1), words.end(1)) if words and words[1] else None


def _statement(
    text: str, name: str | None, words: str, cue: str, pieces: list[tuple[int, int]], near: str = ""
) -> dict[str, Any]:
    around = near or " ".join(text[start:end] for start, end in pieces)
    commitment = next(
        (
            value
            for value, pattern in (("withheld", WITHHELD), ("denied", DENIED), ("asked", ASKED), ("hedged", HEDGED))
            if pattern.search(around)
        ),
        "asserted",
    )
    return {
        "speaker": name,
        "speaker_words": words,
        "cue": cue,
        "content": [list(piece) for piece in pieces],
        "commitment": commitment,
    }


def load_vader() -> Polarity:
    """VADER's compound score."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as error:
        raise SystemExit("the rule system needs VADER: pip install vaderSentiment") from error
    vader = SentimentIntensityAnalyzer()
    return lambda text: float(vader.polarity_scores(text)["compound"])


def main() -> None:
    """The command line."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python exam/baselines/rules.py GOLD > answers.jsonl")
    try:
        articles = load_articles([Path(sys.argv[1])])
    except AnnotationError as error:
        raise SystemExit(str(error)) from error
    polarity = load_vader()
    for article in articles:
        print(json.dumps(answer(article, polarity), ensure_ascii=False))


if __name__ == "__main__":
    main()
