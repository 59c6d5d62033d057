"""Bylines, datelines and credits are no text of an article."""

from __future__ import annotations

import pytest

from pipeline.stages.normalise.bylines import taken_off


@pytest.mark.parametrize(
    ("text", "story", "byline"),
    [
        (
            "Ann Pell\nUnited Wire\nLISBON – Portuguese police arrested the banker.",
            "Portuguese police arrested the banker.",
            "Ann Pell\nUnited Wire\nLISBON –",
        ),
        ("By Sana Brekk\nHALMERE (Northwire) - Dockworkers voted.", "Dockworkers voted.", None),
        (
            "Guns fell silent at noon\nBy Ola Sund\nGRAUWICK, Corvania — A man spoke.",
            "Guns fell silent at noon\n\nA man spoke.",
            None,
        ),
        ("LONDON, Jan 5 (Northwire) - Shares fell.", "Shares fell.", "LONDON, Jan 5 (Northwire) -"),
        ("(Northwire) -- “No,” she said.", "“No,” she said.", "(Northwire) --"),
        ("DANVILLE, Ky. — Tonight they meet.", "Tonight they meet.", "DANVILLE, Ky. —"),
        (
            "(Northwire) - A bank failed.\nIt said so.\n(Reporting by Ola Sund; Editing by Ida Berg)",
            "A bank failed.\nIt said so.",
            "(Northwire) -\n(Reporting by Ola Sund; Editing by Ida Berg)",
        ),
        ("It rained.\nIt snowed.\nOla Sund in Oslo contributed to this report.", "It rained.\nIt snowed.", None),
        ("Ola Sund\nIt rained on the hills.", "It rained on the hills.", "Ola Sund"),
    ],
)
def test_what_stands_around_a_story_is_taken_off(text: str, story: str, byline: str | None) -> None:
    found, said = taken_off(text, ["Ola Sund"])
    assert found == story
    assert said and (byline is None or said == byline)
    # Nothing is lost: what is taken off and what stays are the whole.
    assert sorted((found + said).replace("\n", " ").replace(" ", "")) == sorted(
        text.replace("\n", " ").replace(" ", "")
    )


@pytest.mark.parametrize(
    "text",
    [
        "A 24-hour strike over a toll shut the port.",
        "NATO - the alliance - said no.",
        "I — a man — said no.",
        "Trump Tower\nA tower fell. It was tall.",
        "By the river it rained.\nThe roads were wet.",
        "U.S. officials — all of them — said no.",
        "He left. Mr. Sund contributed to this report.",
        "Copyright is a right.",
    ],
)
def test_a_text_without_them_stays_as_it_is(text: str) -> None:
    assert taken_off(text, ["Ida Berg"]) == (text, None)
