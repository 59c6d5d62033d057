"""An invented annotated article, in the words of the tiny tokenizer as far as it has them."""

from __future__ import annotations

from typing import Any

TEXT = (
    "Mara Ode said the plan is bad. She told the minister that Tessel is good. "
    "“The plan is good,” Ivo Lund and the minister said."
)


def entity(key: str, kind: str, name: str, *forms: str) -> dict[str, Any]:
    return {"key": key, "name": name, "type": kind, "qid": None, "forms": [name, *forms]}


def said(
    number: int, speaker: str, words: str, cue: str, *content: str, toward: tuple[tuple[str, str, bool], ...] = (),
    kind: str = "indirect", commitment: str = "asserted",
) -> dict[str, Any]:  # fmt: skip
    """One statement; `toward`: (target, side, whether a fair reader could leave it out)."""
    return {
        "id": f"s{number}", "speaker": speaker, "speaker_words": words, "cue": cue, "kind": kind, "core": True,
        "content": list(content), "commitment": commitment,
        "toward": [{"target": target, "side": side, "arguable": arguable} for target, side, arguable in toward],
    }  # fmt: skip


def record(text: str = TEXT, **given: Any) -> dict[str, Any]:
    """The article above, or another."""
    return {
        "url": "https://alder.example/1", "outlet": "alder.example", "date": "2026-01-05", "title": "The plan",
        "text": text,
        "entities": [
            entity("ode", "PER", "Mara Ode", "Ode"), entity("lund", "PER", "Ivo Lund", "Lund", "the minister"),
            entity("tessel", "LOC", "Tessel"),
        ],
        "statements": [
            said(1, "ode", "Mara Ode", "said", "the plan is bad"),
            said(2, "ode", "She", "told", "that Tessel is good", toward=(("tessel", "favour", True),)),
            said(3, "lund", "Ivo Lund", "said", "“The plan is good,”", kind="direct", commitment="hedged"),
            said(4, "unnamed", "the minister", "said", "“The plan is good,”", kind="direct", commitment="hedged"),
        ],
        "voice": [],
        "issue": {
            "proposition": "The plan is right.", "aliases": ["plan"],
            "stands": [{"holder": "ode", "side": "against", "arguable": False, "statement": "s1"}],
        },
    } | given  # fmt: skip
