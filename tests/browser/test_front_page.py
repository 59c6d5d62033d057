"""The front page in a browser: it fits, opens by key and click, asks for nothing, and hostile texts do nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.lake import Lake
from pipeline.report import write_report
from pipeline.warehouse import build_warehouse
from tests.desk import ALDER, BODY, CONFIG, DAY, NEGATIVE, POSITIVE, Desk, report

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

SCRIPT = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
BACKWARDS = "\u202etnemnrevog\u202d \u2067desrever"  # overrides and an isolate that is never closed
WORD = "Donaudampfschifffahrtsgesellschaftskapitän" * 12
# Milliseconds: a machine that does much else takes long over a page.
PATIENCE = 120_000
EVIL = f"{SCRIPT} {BACKWARDS} {WORD}"

Open = Callable[..., "sync_api.Page"]


@pytest.fixture(scope="module")
def pages(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for back in (1, 0):
        write_report(warehouse, folder / "report.html", DAY - timedelta(days=back))
    return folder


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page where every name, headline, quote and reason is an attack, a text from right to left, and far too long."""
    folder = tmp_path_factory.mktemp("hostile")
    desk = Desk(Lake(folder / "lake"))
    desk.fetch(status="failed", problem=EVIL)
    body = f"{EVIL} Mara Voss {EVIL}. “{EVIL}” Mara said."
    for n in range(3):
        told = desk.article(body, f"a{n}", title=EVIL, url=f"https://{ALDER}/{WORD}", story_id="a0")
        desk.mention(told, "Mara Voss", "per-mara-voss", name=EVIL, polarity=NEGATIVE)
        said = desk.statement(told, f"“{EVIL}”", "Mara", 1)
        start = body.rindex("Mara")
        desk.entity(told, start, start + 4, "per-mara-voss", EVIL)
        desk.stance(told, said, EVIL, EVIL, f"“{EVIL}”", POSITIVE, holder_id="per-mara-voss")
    report(desk, desk.article(BODY, "b"), POSITIVE)
    outlet = CONFIG.outlets[0].model_copy(update={"name": EVIL})
    issue = CONFIG.issues[0].model_copy(update={"name": EVIL, "proposition": EVIL})
    config = CONFIG.model_copy(update={"outlets": (outlet,), "issues": (issue,)})
    build_warehouse(desk.file(), folder / "w.duckdb", config, threads=1)
    write_report(folder / "w.duckdb", folder / "report.html", DAY)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        # As root, as in a container, Chromium has no sandbox of its own; the pages are ours.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: sync_api.Browser) -> Iterator[Open]:
    """Opens a file; in the end nothing may have been asked for but files, nor said on the console, nor thrown."""
    heard: list[str] = []
    contexts = []

    def open_page(file: Path, width: int = 1280, height: int = 800, scheme: str = "light") -> sync_api.Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme))
        contexts[-1].set_default_timeout(PATIENCE)
        page = contexts[-1].new_page()
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("dialog", lambda dialog: heard.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: request.url.startswith("file://") or heard.append(request.url))
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("kind", ["pages", "hostile"])
def test_nothing_is_wider_than_the_screen(
    kind: str, width: int, scheme: str, open_page: Open, request: pytest.FixtureRequest
) -> None:
    page = open_page(request.getfixturevalue(kind) / "report.html", width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


# Relative luminance and contrast as WCAG 2 has them; the nearest background that is not transparent counts.
CONTRASTS = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = channels(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } return [255, 255, 255]; };
  const low = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) low.push(texts.currentNode.data.trim().slice(0, 40));
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_told_from_its_ground(scheme: str, pages: Path, open_page: Open) -> None:
    page = open_page(pages / "report.html", scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(CONTRASTS) == []


def test_a_number_of_the_table_of_outlets_opens_its_sentences(pages: Path, open_page: Open) -> None:
    page = open_page(pages / "report.html")
    sentences = page.locator("#entity-1-1")
    assert not sentences.is_visible()
    page.locator("a[href='#entity-1-1']").click()
    assert sentences.is_visible()


def test_the_keyboard_skips_to_the_news_and_opens_a_line(pages: Path, open_page: Open) -> None:
    page = open_page(pages / "report.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    focus = "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
    seen = [(page.keyboard.press("Tab"), page.evaluate(focus))[1] for _ in range(40)]
    assert {tag for tag, _ in seen} == {"A", "SUMMARY"}
    assert {outline for _, outline in seen} == {"solid"}, "where the focus is can be seen"
    assert page.locator("[tabindex]:not([tabindex='0'])").count() == 0, "it moves in the order of the page"
    first = page.locator("#top summary").first
    first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#top .sentences").first.is_visible()


def test_a_screen_reader_finds_sections_by_their_headings_and_rows_by_their_words(pages: Path, open_page: Open) -> None:
    page = open_page(pages / "report.html")
    headings = ["Who was talked about", "For and against", "Outlets side by side", "Quotes", "Stories", "Coverage",
                "Checks", "How accurate the numbers are"]  # fmt: skip
    assert page.get_by_role("heading", level=2).all_inner_texts() == headings
    for heading in headings:
        assert page.get_by_role("region", name=heading, exact=True).count() == 1
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("navigation", name="Sections").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))


def test_every_link_leads_on(pages: Path, open_page: Open) -> None:
    page = open_page(pages / "report.html")
    for href in page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href'))"):
        page.evaluate("href => { location.hash = href }", href)
        assert page.locator(href).is_visible(), href
    page.get_by_role("link", name="all nights").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Standpoint"
    page.get_by_role("link", name="Sun, 1 Mar").click()
    assert "Sunday, 1 March 2026" in page.locator("header").inner_text()
    page.go_back()
    page.get_by_role("link", name="the newest").click()
    assert "Monday, 2 March 2026" in page.locator("header").inner_text()
    addresses = page.evaluate("[...document.querySelectorAll('main a')].map(a => a.href)")
    assert {a.split("//")[0] for a in addresses} == {"file:", "https:"}


def test_a_hostile_text_does_nothing_and_turns_nothing_around(hostile: Path, open_page: Open) -> None:
    page = open_page(hostile / "report.html")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.title() == "Standpoint, 2 March 2026"
    assert page.evaluate("document.querySelectorAll('script, img, iframe, object, link').length") == 0
    assert "<script>" in page.locator("main").inner_text()
    # Every text with a turn in it lies within an element that keeps it in.
    leaks = """() => { const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); let leaks = 0;
      while (texts.nextNode()) if (/[\\u202a-\\u202e\\u2066-\\u2069]/.test(texts.currentNode.data)
        && !texts.currentNode.parentElement.closest('bdi')) leaks++; return leaks; }"""
    assert page.evaluate(leaks) == 0


def test_the_page_reads_the_same_on_paper(pages: Path, open_page: Open) -> None:
    page = open_page(pages / "report.html")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator("#stories h2").is_visible()
