"""What the pipeline knows of a language: a folder of data for each, read here and nowhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def nobody() -> frozenset[str]:
    """Words for a speaker that say nothing of who it is, in lower case, of all languages."""
    return frozenset(word.lower() for pack in _packs("pronouns") for word in pack["nobody"])


@cache
def things() -> frozenset[str]:
    """Pronouns that mean no person, in lower case, of all languages."""
    return frozenset(word.lower() for pack in _packs("pronouns") for word in pack["things"])


@cache
def at_names(kind: str) -> tuple[str, ...]:
    """Words of a list of `names.toml`, of all languages; the longest first, as an alternation needs them."""
    return _longest_first("names", kind)


@cache
def at_bylines(kind: str) -> tuple[str, ...]:
    """Words of a list of `bylines.toml`, of all languages; the longest first."""
    return _longest_first("bylines", kind)


@cache
def abbreviations() -> Mapping[str, str]:
    """Short forms of places that are so only behind a comma and with a full stop, and the whole names."""
    return _table("abbreviations")


@cache
def written_out() -> Mapping[str, str]:
    """Short forms that open a name, as keys have them, and what they are short for."""
    return _table("written_out")


@cache
def bodies(kind: str) -> Mapping[str, str]:
    """Words for bodies that are called by a name, and the one word that each is shown by: `of_persons`, `of_places`."""
    return _table(kind)


def _longest_first(file: str, kind: str) -> tuple[str, ...]:
    words = {word for pack in _packs(file) for word in pack[kind]}
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _table(kind: str) -> dict[str, str]:
    return {word: meant for pack in _packs("names") for word, meant in pack[kind].items()}


def _packs(file: str) -> list[dict[str, Any]]:
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob(f"*/{file}.toml"))]
