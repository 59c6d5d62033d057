"""The front page: what it says, and that nothing in it can do harm."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.lake import Lake
from pipeline.report import (
    CHARACTERS,
    HOLDERS,
    ISSUES,
    URL_CHARACTERS,
    _link,
    _Newsroom,
    _templates,
    _to_one_sentence,
    write_report,
)
from pipeline.settings import Config
from pipeline.warehouse import build_warehouse
from tests.desk import BODY, CONFIG, DAY, POSITIVE, Desk, report


@pytest.fixture(scope="module")
def page(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(warehouse, tmp_path_factory.mktemp("page"))


def written(warehouse: Path, folder: Path, day: date = DAY) -> str:
    write_report(warehouse, folder / "report.html", day)
    assert [file.name for file in folder.glob("*report*")] == ["report.html"]
    return (folder / "report.html").read_text(encoding="utf-8")


def section(page: str, name: str) -> str:
    return page[page.index(f'<section id="{name}"') :].split("</section>")[0]


def published(desk: Desk, folder: Path, config: Config = CONFIG, scores: pl.DataFrame | None = None) -> Path:
    build_warehouse(desk.file(), folder / "w.duckdb", config, threads=1, eval_scores=scores)
    return folder / "w.duckdb"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether all of them were closed in order."""

    VOID = frozenset({"meta", "br"})

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("</style>")[-1]).split())


# --- what it says ----------------------------------------------------------------------------------------------------


def test_every_section_is_there_and_every_element_is_closed(page: str) -> None:
    elements = Elements(page)
    assert elements.open == []
    assert [a["id"] for tag, a in elements.found if tag == "section"] == [
        "top", "issues", "outlets", "quotes", "stories", "coverage", "checks", "accuracy",
    ]  # fmt: skip


def test_the_day_and_its_articles_stand_at_the_top(page: str) -> None:
    assert "Monday, 2 March 2026" in text(page)
    assert "3 articles published on the day by 2 outlets, 2 without reprints; 14 in the week to it" in text(page)


def test_a_number_opens_its_sentence_with_the_words_marked(page: str) -> None:
    assert '<bdi>Mayor <mark class="positive">Mara Voss</mark> 🌉 opened the pier on Monday.</bdi>' in page


def test_the_sides_of_an_issue_have_a_quote_each(page: str) -> None:
    issues = text(section(page, "issues")).split("should be built.")[1]
    favour, against = issues.split("In favour")[1].split("Against", 1)
    assert "Mara Voss +0.75" in favour and "“The harbour tunnel must be built,”" in favour
    assert "+0.75 to +0.75 · 14 for, 0 against, 0 neither in 14 articles" in favour
    assert "Otto Lind −0.75" in against and "“The tunnel is a mistake" in against


def test_a_gap_and_a_failed_check_are_shown(page: str) -> None:
    assert "failed: HTTP 503" in text(page)
    assert "warning No source failed, or rests because it keeps failing, in the last four weeks. 1 row" in text(page)
    assert "1 gap" in text(section(page, "coverage"))
    assert "2 warnings" in text(page.split("<section")[0])


def test_outlets_stand_side_by_side_with_intervals(page: str) -> None:
    outlets = text(section(page, "outlets"))
    assert re.search(r"The Alder \+0\.32 \+0\.19 to \+0\.45 · 7 articles, 6 unsure Mayor Mara Voss", outlets)
    assert re.search(r"Birch Daily −0\.27 −0\.\d\d to [+−]0\.\d\d · 7 articles", outlets)


def test_every_number_of_the_table_of_outlets_leads_to_its_sentences(page: str) -> None:
    links = re.findall(r'href="#(entity-\d+-\d+)"', page)
    assert len(links) == 6 and all(f'<ul class="sentences" id="{link}">' in page for link in links)


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    elements = Elements(page).found
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    inner = {a["href"][1:] for tag, a in elements if tag == "a" and a["href"] and a["href"].startswith("#")}
    assert inner and inner <= set(ids)


def test_a_quote_of_two_outlets_has_spread_and_its_copy_counts_for_nothing(page: str) -> None:
    spread = text(section(page, "quotes").split("Most quoted")[0])
    assert "“The harbour tunnel must be built,” 2 outlets Mara Voss , in 13 articles" in spread
    assert "Title of copy" not in spread


def test_what_is_known_of_a_day_is_told_in_brief(page: str) -> None:
    brief = text(page[page.index('<ul class="brief"') : page.index("<section")])
    assert "Most printed story Title of alder-2026-03-02 2 outlets, 2 articles" in brief
    assert "Divided over the harbour tunnel 1 for, 1 against" in brief


def test_a_chart_is_passed_over_by_screen_readers_and_its_numbers_stand_beside_it(page: str) -> None:
    charts = [a for tag, a in Elements(page).found if tag == "svg"]
    assert len(charts) > 8 and all(a["aria-hidden"] == "true" for a in charts)
    assert "<text" not in page


def test_nights_are_kept_and_listed_and_the_newest_is_the_front_page(warehouse: Path, tmp_path: Path) -> None:
    front = written(warehouse, tmp_path)
    assert written(warehouse, tmp_path, DAY - timedelta(days=4)) == front  # an older night changes nothing of it
    assert written(warehouse, tmp_path, DAY + timedelta(days=1)) != front
    nights = tmp_path / "nights"
    assert sorted(file.name for file in nights.iterdir()) == [
        "2026-02-26.html", "2026-03-02.html", "2026-03-03.html", "index.html",
    ]  # fmt: skip
    assert (nights / "2026-03-02.html").read_text().replace('href="index.html"', 'href="nights/index.html"') == front
    index = (nights / "index.html").read_text()
    assert re.findall(r'href="(2026[^"]+)"', index) == ["2026-03-03.html", "2026-03-02.html", "2026-02-26.html"]
    assert "Mon, 2 Mar 3 2 Title of alder-2026-03-02" in text(index)
    assert 'href="../report.html"' in index and 'href="nights/index.html"' in front


def test_a_copy_is_called_one(page: str) -> None:
    assert "2 articles, 1 copied; first printed on 2 Mar by alder.example" in text(page)
    assert "(copy)" in text(page)


def test_the_accuracy_is_shown_where_known_and_else_its_lack(page: str, tmp_path: Path) -> None:
    assert "nothing can be said about their accuracy" in text(page)
    desk = Desk(Lake(tmp_path / "lake"))
    desk.fetch()
    scores = pl.DataFrame(
        {
            "reading": "polarity",
            "dataset": "a set",
            "split": "test",
            "metric": "macro F1",
            "value": 71.0,
            "size": 9,
            "reader": "r1",
        }
    )
    known = text(written(published(desk, tmp_path, scores=scores), tmp_path))
    assert "How a voice treats somebody macro F1 71.0 a set, test: 9" in known


def test_a_day_without_articles_has_a_page(tmp_path: Path) -> None:
    desk = Desk(Lake(tmp_path / "lake"))
    desk.fetch(status="empty", records=0)
    empty = written(published(desk, tmp_path, CONFIG.model_copy(update={"issues": ()})), tmp_path)
    assert Elements(empty).open == []
    assert "No article was published on this day; 0 in the week" in text(empty)
    assert "The watch-list is empty" in text(empty)


def test_a_quiet_day_still_shows_its_week(warehouse: Path, tmp_path: Path) -> None:
    quiet = text(written(warehouse, tmp_path, DAY + timedelta(days=1)))
    assert "No article was published on this day" in quiet
    assert "Mara Voss 0 today not named on the day · 11 this week, 1 reprint more" in quiet


def test_the_same_warehouse_gives_the_same_page(page: str, warehouse: Path, tmp_path: Path) -> None:
    assert written(warehouse, tmp_path) == page


def test_the_fullest_page_stays_under_two_megabytes(warehouse: Path) -> None:
    with duckdb.connect(warehouse, read_only=True) as con:
        sections = _Newsroom(con, DAY).sections()
    long = _to_one_sentence({"before": "b" * 299, "words": "w" * CHARACTERS, "after": "a" * 299, "title": "t" * 500})
    sentence = (
        sections["top"][0][1][0]["sentences"][0] | long | {"url": "https://a.example/".ljust(URL_CHARACTERS, "u")}
    )

    def full(rows: list[dict[str, object]], n: int, sentences: int) -> list[dict[str, object]]:
        return [rows[0] | {"sentences": [sentence] * sentences, "quote": sentence} for _ in range(n)]

    issue = sections["issues"][0]
    issue |= {side: full(issue[side], HOLDERS, 3) for side in ("favour", "against")}
    [(name, outlets), *_] = sections["entities"]
    sections |= {
        "top": [(title, full(sections["top"][0][1], 8, 5)) for title in ("People", "Organisations")],
        "issues": [issue] * ISSUES,
        "entities": [(name, full(outlets, 12, 3))] * 6,
        "spread": [row | {"quote": "q" * CHARACTERS} for row in full([sections["spread"][0]], 8, 8)],
        "speakers": full(sections["speakers"], 10, 5),
        "stories": [sections["stories"][0] | {"printings": [sentence | {"is_reprint": False}] * 20}] * 8,
        "coverage": [sections["coverage"][0]] * 100,
    }
    page = _templates().get_template("report.html.j2").render(day=DAY, index="index.html", **sections)
    assert 1_000_000 < len(page.encode()) < 2_000_000


# --- hostile texts ---------------------------------------------------------------------------------------------------

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;</details></section>{{ 7 * 7 }}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page where every text that comes from outside is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    desk = Desk(Lake(folder / "lake"))
    desk.fetch(status="failed", problem=EVIL)
    article = desk.article(f"{EVIL} Mara Voss {EVIL}. “{EVIL}” she said.", title=EVIL, url="javascript:alert(3)")
    desk.mention(article, "Mara Voss", "per-mara-voss", name=EVIL, polarity=POSITIVE)
    said = desk.statement(article, f"“{EVIL}”", "she")
    desk.entity(article, article["body"].index(" she") + 1, article["body"].index(" she") + 4, "per-mara-voss", EVIL)
    desk.stance(article, said, EVIL, EVIL, f"“{EVIL}”", POSITIVE, holder_id="per-mara-voss")
    other = desk.article(BODY, "a2", url="http://evil.example/'\" onmouseover=alert(4) x='", story_id="a1")
    report(desk, other, POSITIVE)
    outlet = CONFIG.outlets[0].model_copy(update={"name": EVIL})
    issue = CONFIG.issues[0].model_copy(update={"name": EVIL, "proposition": EVIL})
    config = CONFIG.model_copy(update={"outlets": (outlet,), "issues": (issue,)})
    scores = pl.DataFrame(
        {"reading": EVIL, "dataset": EVIL, "split": EVIL, "metric": EVIL, "value": 0.7, "size": 9, "reader": EVIL}
    )
    return written(published(desk, folder, config, scores), folder)


def test_a_hostile_text_is_only_text(hostile: str) -> None:
    elements = Elements(hostile)
    assert elements.open == []
    assert {tag for tag, _ in elements.found} <= {
        "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "footer", "h1",
        "h2", "h3", "p", "div", "span", "b", "strong", "a", "bdi", "mark", "blockquote", "ul", "li", "details",
        "summary", "table", "thead", "tbody", "tr", "th", "td", "meter", "svg", "g", "path", "line",
    }  # fmt: skip
    assert not [a for _, attributes in elements.found for a in attributes if a.startswith("on")]
    assert hostile.count("&lt;script&gt;alert(1)") > 10
    assert "{{ 7 * 7 }}" in hostile


def test_only_http_and_https_addresses_are_links(hostile: str) -> None:
    links = [a["href"] for tag, a in Elements(hostile).found if tag == "a"]
    assert {link for link in links if link and not link.startswith("#")} == {
        "http://evil.example/'\" onmouseover=alert(4) x='",
        "nights/index.html",
    }
    assert 'href="javascript' not in hostile


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    elements = Elements(page).found
    assert not [tag for tag, a in elements if {"src", "srcset", "action", "data"} & set(a) or tag in ("script", "link")]
    assert "url(" not in page and "@import" not in page
    [policy] = [a["content"] for tag, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy and policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://alder.example/a", True),
        ("HTTP://alder.example/a", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://alder.example/%0aalert(1)", False),
        ("data:text/html,<script>", False),
        ("//alder.example/a", False),
        ("http://[", False),
        ("https:", False),
        ("\x01javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("https://alder.example/" + "a" * 2000, False),
    ],
)
def test_an_address_is_a_link_only_where_it_leads_to_a_site(url: str, is_link: bool) -> None:
    assert (_link(url) is not None) == is_link


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("It rained. The mayor ", " spoke. It dried.", ("The mayor ", " spoke.")),
        ("A heading\nThe mayor ", " spoke\nNext", ("The mayor ", " spoke")),
        ("“It rained.” The mayor ", " said “no.” Then", ("The mayor ", " said “no.”")),
        ("The mayor ", " spoke on", ("The mayor ", " spoke on")),
        ("", "", ("", "")),
        ("b" * 181, "a" * 181, ("…" + "b" * 180, "a" * 179 + "…")),
    ],
)
def test_words_are_shown_in_their_sentence(before: str, after: str, sentence: tuple[str, str]) -> None:
    row = _to_one_sentence({"before": before, "after": after})
    assert (row["before"], row["after"]) == sentence
