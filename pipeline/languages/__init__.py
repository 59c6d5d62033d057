"""What the pipeline knows of a language: a folder of data for each, read here and nowhere else."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def nobody() -> frozenset[str]:
    """Words for a speaker that say nothing of who it is, in lower case, of all languages."""
    packs = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/pronouns.toml"))]
    return frozenset(word.lower() for pack in packs for word in pack["nobody"])
