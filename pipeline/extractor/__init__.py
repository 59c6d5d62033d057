"""Which lines of a page are its story: a small classifier over the lines of the tree, read once.

A line is what a browser would set as one: the text of a block element, broken at `<br>` and at blocks inside it. What
never is the story (navigation, footers, asides, captions, comments, what is hidden) is left out by name; of the rest,
each line is scored from its own letters, from where it stands in the tree and from the lines around it. The weights
were trained by `pipeline.training.extractor`; the README beside them says on what, and how well they do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import numpy as np
from lxml.etree import _Element
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SURE = 0.5
"""Probability from which a line is part of the story."""

RUNNING_TEXT = 60
"""Code points from which a line that is not mostly links is running text, and no heading, label or teaser."""
HEADING_CHARACTERS = 300
"""Code points of a line that may be the headline."""
REPEATED_CHARACTERS = 25
"""Code points from which a line that the story has had already is a caption or a call that repeats, and left out."""
CONTAINER_CHARACTERS = 80
"""Code points of an element that counts as one of a series: posts, comments, teasers."""
FADING = 0.6
"""Of a line's weight, what counts one level up: the story's container is the nearest element that holds most."""
BROAD = 0.5
"""Share of the running text from which an element is the page itself, whatever its name says."""

# fmt: off
UNREAD = frozenset((
    "audio", "button", "canvas", "embed", "head", "iframe", "input", "label", "map", "math", "noscript", "object",
    "option", "script", "select", "style", "svg", "template", "textarea", "title", "video",
))
INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "mark", "nobr", "q", "rb", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub",
    "sup", "time", "tt", "u", "var", "wbr",
))
TAGS = (
    "p", "h1", "h2", "h3", "h4", "li", "div", "td", "blockquote", "figcaption", "pre", "section", "article", "dd",
)
AROUND = (
    "article", "main", "aside", "nav", "footer", "header", "form", "ul", "ol", "table", "figure", "section",
    "blockquote", "dl",
)
# fmt: on
TEXT_TAGS = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6"))
NEVER = frozenset(("nav", "footer", "aside", "figure", "figcaption"))
NEVER_NAMED = re.compile(
    r"comment|(?:^|[\s_-])(?:disqus|respond|replies|livefyre|viafoura|footer|nav|ads?|advert\w*)(?:$|[\s_-])"
    r"|(?:^|\s)(?:hidden|visually-hidden|sr-only|screen-reader-text|display-none)(?:$|\s)"
)
NAMES = {
    "story": r"article|body|content|entry|post|story|text|main|blog|paragraph|prose",
    "comment": r"comment|disqus|discuss|repl(?:y|ies)",
    "social": r"share|social|follow|tweet|facebook|twitter|whatsapp",
    "other": r"relat|recommend|more|trending|popular|read-?next|also|teaser|promo|outbrain|taboola|card|rail|most"
    r"|latest|river|carousel|list",
    "side": r"side|widget|module|sponsor|banner|\bads?\b|advert|ad-|_ad|commercial",
    "foot": r"foot|copyright|legal|disclaimer|privacy|cookie|gdpr|consent",
    "navigation": r"nav|menu|crumb|header|masthead|toolbar|skip",
    "byline": r"byline|author|bio|contributor|credit|\bdate|time|publish|meta|info|tag|categor|topic|label|kicker",
    "caption": r"caption|image|photo|gallery|media|video|figure|slide|player",
    "letter": r"newsletter|subscri|sign-?up|login|register|paywall|form|email|modal|popup|overlay",
    "hidden": r"hidden|invisible|screen-?reader|sr-only|visually|print",
    "heading": r"title|headline|dek|subhead|summary|intro|lead|standfirst|abstract|excerpt|description",
}
NAMED = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in NAMES.items()))

ENDS = re.compile(r"[.!?…。]['\"”’»)]?$")
KINDS = ("isupper", "islower", "isdigit", "isspace")
LETTERS = 0x3000
"""Code points that are told apart; beyond are scripts without upper and lower case."""


@dataclass(frozen=True)
class Story:
    """What a page says."""

    lines: list[str]
    heading: str
    """The line that repeats one of the page's titles; empty where none does."""
    links: frozenset[str]
    """Lines of the page that are links from end to end."""
    doubt: float
    """Code points on the wrong side, as the classifier expects them, for each one of the story."""


@dataclass(frozen=True)
class Lines:
    """The lines of a page and the elements that they stand in, in reading order; element 0 stands for the page."""

    texts: list[str]
    linked: Floats
    """Code points of each line that are links."""
    at: Ints
    """The element of each line."""
    parent: Ints
    tags: list[str]
    classes: list[str]
    names: list[str]
    """Class and id."""
    hidden: list[bool]
    declared: list[bool]
    """Elements that say of themselves that they are an article's body."""


def find_story(tree: _Element, titles: Sequence[str], linked_body: str = "") -> Story:
    """The lines of the tree that are its story; none where no line is. `linked_body`: the text in its linked data."""
    lines = read_lines(tree)
    heading = heading_of(lines, titles)
    said = lines.texts[heading] if heading >= 0 else ""
    links = frozenset(text for text, linked in zip(lines.texts, lines.linked, strict=True) if linked == len(text))
    kept, features = describe(lines, heading, linked_body)
    if not len(kept):
        return Story([], said, links, 0.0)
    probabilities = score(features, _weights())
    sizes = np.array([len(lines.texts[i]) for i in kept])
    is_story = probabilities >= SURE
    doubt = sizes @ np.minimum(probabilities, 1 - probabilities) / max(1, int(sizes @ is_story))
    chosen = _without_repeats(lines.texts[i] for i in kept[is_story])
    return Story(chosen, said, links, float(doubt))


def _without_repeats(texts: Iterator[str]) -> list[str]:
    seen, out = set(), []
    for text in texts:
        if len(text) < REPEATED_CHARACTERS or text not in seen:
            out.append(text)
            seen.add(text)
    return out


def score(features: Floats, weights: dict[str, Floats]) -> Floats:
    """One hidden layer; the mean over the networks that were trained is taken before the sigmoid."""

    inputs = np.clip((features - weights["mean"]) / weights["deviation"], -4, 4)
    hidden = np.maximum(inputs @ weights["hidden"] + weights["hidden_bias"], 0)
    logits: Floats = hidden @ weights["out"] + weights["out_bias"]
    return 1 / (1 + np.exp(-logits))


@cache
def _weights() -> dict[str, Floats]:
    with (resources.files(__package__) / "weights.npz").open("rb") as file, np.load(file) as stored:
        return {name: stored[name].astype(np.float64) for name in stored.files}


# --- lines ------------------------------------------------------------------------------------------------------------


def read_lines(tree: _Element) -> Lines:
    """Every line of the page's body that holds a letter or digit."""
    texts: list[str] = []
    linked: list[int] = []
    at: list[int] = []
    parent, tags, classes, names, hidden, declared = [0], [""], [""], [""], [False], [False]
    pieces: list[str] = []
    link_characters = 0

    def end_line(element: int) -> None:
        nonlocal link_characters
        if pieces:
            text = " ".join("".join(pieces).split())
            pieces.clear()
            if any(map(str.isalnum, text)):
                texts.append(text)
                linked.append(min(link_characters, len(text)))
                at.append(element)
        link_characters = 0

    def visit(element: _Element, inside: int, is_link: bool) -> None:
        nonlocal link_characters
        tag = element.tag
        if tag in UNREAD or not isinstance(tag, str):
            return
        if tag == "br":
            end_line(inside)
            return
        is_inline = tag in INLINE
        if is_inline:
            is_link = is_link or tag == "a"
        else:
            end_line(inside)
            inside = len(parent_of)
            attributes = dict(element.items())
            style, name = attributes.get("style", ""), attributes.get("class", "")
            parent_of.append(open_elements[-1])
            tags.append(tag)
            classes.append(name)
            names.append(f"{name} {attributes.get('id', '')}".lower())
            hidden.append(
                "hidden" in attributes
                or attributes.get("aria-hidden") == "true"
                or ("display" in style and "none" in style)
            )
            declared.append(attributes.get("itemprop") == "articleBody")
            open_elements.append(inside)
        if text := element.text:
            pieces.append(text)
            link_characters += len(text) if is_link else 0
        for child in element:
            visit(child, inside, is_link)
            if text := child.tail:
                pieces.append(text)
                link_characters += len(text) if is_link else 0
        if not is_inline:
            end_line(inside)
            open_elements.pop()

    parent_of, open_elements = parent, [0]
    body = tree.find("body")
    visit(tree if body is None else body, 0, False)
    return Lines(
        texts, np.array(linked, float), np.array(at, int), np.array(parent), tags, classes, names, hidden, declared
    )


def heading_of(lines: Lines, titles: Sequence[str]) -> int:
    """The line that says most nearly what the page's titles say, a heading rather than a link; -1 where none does."""
    wanted = [words for title in titles if (words := _word_set(title))]
    together = "\n".join(titles)
    best, found = 0.55, -1  # of the words of both, more than half
    for number, text in enumerate(lines.texts):
        if len(text) > HEADING_CHARACTERS:
            continue
        element = lines.at[number]
        tag = lines.tags[element]
        is_first = "h1" in (tag, lines.tags[lines.parent[element]])
        if not (is_first or tag in ("h2", "h3") or text in together):
            continue
        words = _word_set(text)
        if len(words) < 2 or not wanted:
            continue
        # A title may go on with the outlet's name.
        likeness = max(
            0.5 + len(words) / len(title) / 2 if words <= title else len(words & title) / len(words | title)
            for title in wanted
        )
        likeness += 0.15 * is_first + 0.05 * (tag in ("h2", "h3")) - 0.2 * (lines.linked[number] > 0.8 * len(text))
        if likeness > best:
            best, found = likeness, number
    return found


def _word_set(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


# --- features ---------------------------------------------------------------------------------------------------------


def describe(lines: Lines, heading: int, linked_body: str) -> tuple[Ints, Floats]:
    """The lines that can be the story, as their places in `lines`, and a row of features for each."""
    elements = _Elements(lines)
    sizes = np.array([len(text) for text in lines.texts], float)
    kept = np.flatnonzero(~_never(lines, elements, sizes, heading)[lines.at])
    texts, at, linked, sizes = [lines.texts[i] for i in kept], lines.at[kept], lines.linked[kept], sizes[kept]
    if not texts:
        return kept, np.zeros((0, 0))
    running = np.where((sizes >= RUNNING_TEXT) & (linked < sizes / 2), sizes - linked, 0.0)
    start = int(np.searchsorted(kept, heading)) if heading >= 0 else 0
    own = _letters(texts, sizes, linked, linked_body)
    place = _places(lines, elements, at, sizes, running, int(lines.at[heading]) if heading >= 0 else None)
    return kept, np.hstack(
        [own, place[at], _around(own, place[at], lines.parent[at], at, sizes, running, start, heading)]
    )


class _Elements:
    """The elements as a tree in reading order: sums over an element's inside, and over what it stands in."""

    def __init__(self, lines: Lines) -> None:
        self.parent = lines.parent
        self.count = len(lines.parent)
        depth, end, parent = [0] * self.count, list(range(1, self.count + 1)), lines.parent.tolist()
        for element in range(1, self.count):
            depth[element] = depth[parent[element]] + 1
        for element in range(self.count - 1, 0, -1):
            end[parent[element]] = max(end[parent[element]], end[element])
        self.depth, self.end, self.parents = np.array(depth), np.array(end), parent

    def inside(self, at: Ints, values: Floats) -> Floats:
        """The sum of the lines' values over each element."""
        sums = np.concatenate(([0.0], np.cumsum(np.bincount(at, values, self.count))))
        total: Floats = sums[self.end] - sums[:-1]
        return total

    def upward(self, values: Floats, combine: np.ufunc) -> Floats:
        """The values of each element and all that it stands in, combined."""
        out, hop = values.copy(), self.parent
        while hop.any():
            out = combine(out, np.where((hop > 0).reshape(-1, *[1] * (out.ndim - 1)), out[hop], 0.0))
            hop = hop[hop]
        return out

    def path(self, element: int) -> list[int]:
        out = []
        while element:
            out.append(element)
            element = self.parents[element]
        return out

    def distance(self, element: int) -> tuple[Ints, Ints]:
        """Levels up from each element, and down from there to this one."""
        path = {0, *self.path(element)}
        meet = list(range(self.count))
        for other in range(1, self.count):
            if other not in path:
                meet[other] = meet[self.parents[other]]
        depth = self.depth[meet]
        return self.depth - depth, self.depth[element] - depth


def _never(lines: Lines, elements: _Elements, sizes: Floats, heading: int) -> NDArray[np.bool_]:
    """Elements that are no story by tag or name, and what is in them; none that holds the headline or most text."""
    named = np.array([_is_never(name) for name in lines.names])
    never = named | np.array([tag in NEVER for tag in lines.tags]) | np.array(lines.hidden)
    text = elements.inside(lines.at, np.where(sizes >= RUNNING_TEXT, sizes - lines.linked, 0.0))
    # Comments may be longer than the story that they are on.
    never &= (text <= BROAD * text[0]) | (named & (heading >= 0))
    never[:2] = False
    if heading >= 0:
        never[elements.path(int(lines.at[heading]))] = False
    return elements.upward(never.astype(float), np.maximum) > 0


@cache
def _kinds() -> NDArray[np.bool_]:
    return np.array([[getattr(chr(code), kind)() for code in range(LETTERS)] for kind in KINDS])


def _letters(texts: Sequence[str], sizes: Floats, linked: Floats, linked_body: str) -> Floats:
    """What a line is like by itself."""
    codes = np.frombuffer("\n".join([*texts, ""]).encode("utf-32-le", "replace"), np.uint32)
    kinds = _kinds()[:, np.minimum(codes, LETTERS - 1)].astype(np.int32)
    starts = np.concatenate(([0], np.cumsum(sizes + 1)[:-1])).astype(int)
    upper, _, digits, words = np.add.reduceat(kinds, starts, axis=1)
    lower_words = np.add.reduceat(np.concatenate(([0], kinds[1, 1:] * kinds[3, :-1])), starts)
    count = Counter(texts)
    seen: set[str] = set()
    again = []
    for text in texts:
        again.append(text in seen)
        seen.add(text)
    linked_body = " ".join(linked_body.split())
    is_linked_data = [(1 if text[:RUNNING_TEXT] in linked_body else -1) * (len(text) > 20) for text in texts]
    return np.column_stack(
        [
            np.log1p(sizes),
            np.log1p(words),
            sizes / words,
            linked / sizes,
            [text.count(",") for text in texts] / words,
            [ENDS.search(text[-3:]) is not None for text in texts],
            kinds[0, starts],
            kinds[1, starts],
            digits / sizes,
            upper / sizes,
            [any(mark in text for mark in '"“”«') for text in texts],
            ["|" in text or "©" in text for text in texts],
            lower_words / words,
            [text.count(". ") + text.count("? ") + text.count("! ") for text in texts],
            [count[text] > 1 for text in texts],
            again,
            is_linked_data if linked_body else np.zeros(len(texts)),
        ]
    )


@lru_cache(2**15)  # an outlet's pages share their names: some hundreds each
def _meanings(name: str) -> tuple[bool, ...]:
    found = {match.lastgroup for match in NAMED.finditer(name)}
    return tuple(meaning in found for meaning in NAMES)


@lru_cache(2**15)
def _is_never(name: str) -> bool:
    return NEVER_NAMED.search(name) is not None


def _one_hot(tags: Sequence[str], known: Sequence[str]) -> Floats:
    places = {tag: place for place, tag in enumerate(known)}
    return np.vstack([np.eye(len(known)), np.zeros(len(known))])[[places.get(tag, -1) for tag in tags]]


def _places(lines: Lines, elements: _Elements, at: Ints, sizes: Floats, running: Floats, heading: int | None) -> Floats:
    """Where an element stands: its tag, what its name means, how near to the text's container and to the headline."""
    parent, depth = elements.parent, elements.depth
    total = running.sum() + 1e-9
    around = np.column_stack([_one_hot(lines.tags, AROUND), lines.declared])
    meanings = np.array([_meanings(name) for name in lines.names], float)
    near = meanings + 0.6 * meanings[parent] + 0.4 * meanings[parent[parent]]
    far = np.minimum(elements.upward(meanings, np.add)[parent[parent[parent]]], 3)
    container = int(np.argmax(elements.inside(at, running * FADING ** depth[at]) / FADING**depth))
    share = elements.inside(at, running) / total
    templates: dict[tuple[str, ...], int] = {}
    template = [
        templates.setdefault((lines.tags[i], lines.classes[i], lines.tags[p], lines.classes[p]), len(templates))
        for i, p in enumerate(elements.parents)
    ]
    alike = np.bincount(np.array(template)[at], running, len(templates))[template] / total
    from_heading = elements.distance(heading) if heading is not None else (np.full(elements.count, 15),) * 2
    series = _series(lines, elements, elements.inside(at, sizes))
    return np.column_stack(
        [
            _one_hot(lines.tags, TAGS),
            elements.upward(around, np.maximum),
            near,
            far,
            *elements.distance(container),
            share,
            share[parent],
            share[parent[parent]],
            elements.upward(np.array(lines.hidden, float), np.maximum),
            depth,
            alike,
            *np.minimum(from_heading, 15),
            np.minimum(series[:, :2], 30),
            series[:, 2],
            np.log1p(series[:, 3]),
            (series[:, 2] >= from_heading[0]) & (heading is not None),
        ]
    )


def _series(lines: Lines, elements: _Elements, held: Floats) -> Floats:
    """Of the longest series of like elements that an element stands in: length, its number there, levels up, text."""
    keys = [
        (tag, name) if name and size >= CONTAINER_CHARACTERS and tag not in TEXT_TAGS else None
        for tag, name, size in zip(lines.tags, lines.classes, held.tolist(), strict=True)
    ]
    length = Counter(keys)
    number: Counter[Any] = Counter()
    out = [(0.0, 0.0, 0.0, 0.0)]
    for element, key in enumerate(keys[1:], start=1):
        outer = out[elements.parents[element]]
        own = length[key] if key else 0
        if own >= outer[0]:
            out.append((own, number[key], 0.0, held[element]))
        else:
            out.append((outer[0], outer[1], outer[2] + 1, outer[3]))
        number[key] += 1
    return np.array(out)


def _around(
    own: Floats, place: Floats, parent: Ints, at: Ints, sizes: Floats, running: Floats, start: int, heading: int
) -> Floats:
    """Where a line stands on the page, and what the lines before and after it are like."""
    n = len(sizes)
    here = np.arange(n)
    since = here - start if heading >= 0 else np.zeros(n)
    shown = np.hstack([own[:, [0, 3, 5, 12]], place[:, [0, 1, 2, 3, 5]]])
    padded = np.pad(shown, ((2, 2), (0, 0)))
    siblings = np.concatenate(([False], parent[1:] == parent[:-1], [False]))
    sums = np.concatenate(([0.0], np.cumsum(running)))
    text = np.flatnonzero(running)
    before = np.searchsorted(text, here, "left") - 1
    after = np.searchsorted(text, here, "right")
    marks = np.concatenate(([-50], text, [n + 50]))
    return np.column_stack(
        [
            here / n,
            (np.cumsum(sizes) - sizes) / sizes.sum(),
            sums[:-1] / (sums[-1] + 1e-9),
            np.clip(since, -30, 60),
            since == 0,
            np.full(n, heading >= 0),
            padded[1 : n + 1],
            padded[3 : n + 3],
            padded[:n],
            padded[4:],
            siblings[:-1],
            siblings[1:],
            np.concatenate(([False], at[1:] == at[:-1])),
            *(np.log1p(sums[here] - sums[np.maximum(here - reach, 0)]) for reach in (3, 8)),
            *(np.log1p(sums[np.minimum(here + reach + 1, n)] - sums[here + 1]) for reach in (3, 8)),
            np.minimum(here - marks[before + 1], 50),
            np.minimum(marks[after + 1] - here, 50),
        ]
    )
