"""Bylines, datelines and credits: lines around a story that are no text of it, and name people who say nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from pipeline.languages import at_bylines

# Lines, at most, of the head and of the foot of a text in which such lines are looked for: a summary may stand before
# a byline.
HEAD, FOOT = 6, 4
# Code points of a byline, and of a credit.
LONGEST_BYLINE, LONGEST_CREDIT = 90, 400

_CAPITALS = r"(?:[^\W\d_a-zß-öø-ÿ][^\W\d_a-zß-öø-ÿ'’.-]*)"
_PLACE = rf"{_CAPITALS}(?: {_CAPITALS}){{0,3}}"
_DASH = r"(?:--|[-–—])"
# "LISBON – ", "SEOUL, South Korea (AP) — ", "LONDON, Jan 5 (Reuters) - ", "(Reuters) - "
_AGENCY = r"\([A-Z][\w .,/&-]{1,30}\)"
# What follows begins a sentence.
DATELINE = re.compile(
    rf"(?:{_PLACE}(?:, [^\n()–—]{{2,40}}?)? ?(?:{_AGENCY} ?{_DASH}|{_DASH}(?=\s))|{_AGENCY} {_DASH})"
    r"\s?(?=[\"“”‘’'\dA-ZÀ-ÖØ-Þ])"
)
_WORD = r"(?:[^\W\d_a-zß-öø-ÿ][\w.'’-]*|and|for|of|the|in|de|van|von|&|\|)"
# A line of names alone: "Ann Pell", "United Wire".
NAMES = re.compile(rf"{_WORD}(?:,? {_WORD}){{0,7}}")


def taken_off(body: str, authors: Collection[str]) -> tuple[str, str | None]:
    """The text without its byline, dateline and credits, and these, one a line; None where it has none.

    Lines of names alone are bylines where the authors are among them, or a dateline follows.
    """
    lines = body.split("\n")
    taken: list[str] = []
    head = [number for number, line in enumerate(lines) if line.strip()][:HEAD]
    dated = next((number for number in head if DATELINE.match(lines[number])), None)
    for at, number in enumerate(head):
        line = lines[number].strip()
        if dated is not None and number >= dated:
            break
        is_first = all(not lines[n] for n in head[:at])
        is_byline = _is_byline(line, authors) or (is_first and dated is not None and _is_names(line))
        if is_byline:
            taken.append(line)
            lines[number] = ""
    if dated is not None and (found := DATELINE.match(lines[dated])):
        taken.append(found[0].strip())
        lines[dated] = lines[dated][found.end() :]
    foot = [number for number, line in enumerate(lines) if line.strip()][-FOOT:]
    credits: list[str] = []
    for number in reversed(foot[1:]):
        if not _is_credit(lines[number].strip()):
            break
        credits.insert(0, lines[number].strip())
        lines[number] = ""
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    said = "\n".join([*taken, *credits])
    return (text, said) if said else (body, None)


def _is_byline(line: str, authors: Collection[str]) -> bool:
    if len(line) > LONGEST_BYLINE or line.endswith((".", "?", "!", ":")):
        return False
    if by := _by().match(line):
        return bool(NAMES.fullmatch(line[by.end() :].strip())) or _names_an_author(line, authors)
    return _names_an_author(line, authors) and _is_names(line)


def _is_names(line: str) -> bool:
    return len(line) <= LONGEST_BYLINE and bool(NAMES.fullmatch(line))


def _names_an_author(line: str, authors: Collection[str]) -> bool:
    said = line.casefold()
    return any(author.casefold() in said for author in authors if len(author) > 3)


def _is_credit(line: str) -> bool:
    is_short = len(line) <= LONGEST_CREDIT
    ended = line.rstrip(" .)").casefold()
    return is_short and (
        line.startswith(at_bylines("credits")) or ended.endswith(tuple(w.casefold() for w in at_bylines("contributed")))
    )


@cache
def _by() -> re.Pattern[str]:
    return re.compile(rf"(?i:{'|'.join(map(re.escape, at_bylines('by')))})\s+")
