"""Raw records to articles: story text and metadata, a canonical address, a language, a time; or quarantine.

The body is cleaned here and never again, so that every offset in the lake counts code points of `articles.body`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache, partial
from hashlib import blake2b
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dataframely as dy
import polars as pl
import trafilatura
from lxml import etree
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from trafilatura.metadata import extract_metadata
from trafilatura.utils import detect_encoding
from w3lib.encoding import html_to_unicode
from w3lib.url import canonicalize_url

from pipeline.extractor import find_story
from pipeline.schemas import QUARANTINE_REASONS, Articles, Quarantine, Raw
from pipeline.settings import Config
from pipeline.stages.normalise.bylines import taken_off

MIN_BODY_CHARACTERS = 150
"""Code points of a body. A one-sentence news flash has about 150; a caption or a cookie wall has fewer. Of 924 real
articles 3 have fewer, all of them teasers that link to another site."""

MAX_WALL_CHARACTERS = 1_000
"""Code points of a text up to which lines that speak to the visitor are set aside before it is measured: walls are
shorter, and a longer text is a story whatever it says."""
WALL = re.compile(
    r"\b(?:(?:accept|use|consent|such as|your|all) (?:of |to )?(?:all )?cookies|cookie (?:settings|policy|preferences)"
    r"|value your privacy|subscribe (?:to|now|today)|already a (?:subscriber|member)|(?:log|sign) in to"
    r"|page you\b.{0,60}\bfound|page not found|error 404|no longer available|javascript is (?:disabled|required)"
    r"|jetzt abonnieren|bereits abonnent|seite .{0,40}nicht gefunden|abonnez-vous|déjà abonné|page introuvable"
    r"|suscríbete|página no encontrada|accettare i cookie|alle cookies accepteren)",
    re.IGNORECASE,
)
"""What a page says to its visitor in the place of a story."""

MAX_TITLE_CHARACTERS = 300
"""Code points of a headline: a longer one is a paragraph in the wrong place."""

LATEST_PUBLICATION = timedelta(days=1)
"""After the end of the fetched day. A live feed may be read for a day until the next one ends, and outlets that write
local time as UTC are up to 14 hours ahead; a later time (an embargo, a wrong clock) is not believed."""

SURE_LANGUAGE = 0.8
"""Probability from which the text's own words decide the language; below, the page's `lang` does where there is one. On
the first 20 to 150 code points of 924 English articles every wrong answer was below 0.67."""

MAX_LINK_SHARE = 0.33
"""Of a text's code points, those on lines that are one link: at most 0.15 on 90 real articles; more on front pages."""

MANY_ELEMENTS, MAX_ELEMENTS = 5_000, 25_000
"""Elements of a page: 90 real ones have 1,600 at most. trafilatura's time grows with their square: above the first
number a doubtful page is left as it is, above the second no page is read."""

MAX_DOUBT = 0.2
"""Code points on the wrong side, as expected, for each one of the story: above, trafilatura reads the page instead. Of
90 real pages 3 are above; on those it is right."""

LANGUAGE_CHARACTERS = 500
"""Code points from which the language is told: of 924 real articles all are told right from the first 100."""

MAX_BROKEN_SHARE = 0.3
"""Of a page's characters beyond ASCII, those that are no UTF-8: a page cut in the middle of one, or with a comment from
elsewhere pasted in, is still UTF-8; in any other charset nearly all of them are broken."""

TRACKING = re.compile(
    r"utm_\w+|at_\w+|mc_[ce]id|pk_\w+|wt\.\w+|ns_\w+|guc\w+|fbclid|gclid|dclid|msclkid|yclid|igshid|_ga|_gl|xtor|ocid"
    r"|smid|smtyp|cmp|cmpid|s_cid|icid|ncid|intcid|ito|ref|ref_src|referrer|amp",
    re.IGNORECASE,
)
"""Query parameters that say where a reader came from, and nothing about the page."""

VARIANT = re.compile(r"^(?:www|m|mobile|amp)\.|/amp$")
"""What an address has more where the same page is served to phones or in another name."""

AUTHOR_METAS = ("author", "article:author", "parsely-author", "sailthru.author", "dc.creator", "byl")
DATE_METAS = (
    "article:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dc.date",
    "pubdate",
    "publish-date",
)
BY = re.compile(r"^(?:by|von|par|por|di|door|av|af)\s+", re.IGNORECASE)
BYLINE = re.compile(r",\s+|\s+(?:and|und|et|y|e|en|och|og)\s+|\s*[;|&]\s*")

# Scripts that put no spaces between words count each character as one.
WORD = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|\w+")

LINE_BREAK = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
# Control characters; surrogates; soft hyphens, zero-width spaces, fillers, marks and overrides of direction, tags:
# nobody sees them, and they split or disguise names. The joiners U+200C and U+200D stay: Persian and emoji need them.
INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
# Quotation marks as typewriters and TeX set them, ``so'', alone or beside a quotation in the quotation.
TYPED = re.compile(r"``|(?<!')'''?(?!')")


@dataclass(frozen=True)
class Extracted:
    """The story on a page."""

    title: str
    """Headline; empty where the page has none."""
    body: str
    """Paragraphs, one a line, without the headline; clean as `Articles.body` is."""
    published_at: datetime | None
    """In UTC; midnight where the page tells only the day."""
    authors: list[str]
    language: str
    """ISO 639-1 code."""


@dataclass(frozen=True)
class _Refusal:
    reason: str
    detail: str


_Row = dict[str, Any]
Each = Callable[
    [Callable[[_Row], _Row | _Refusal], Iterable[_Row], Callable[[_Row, str], _Row | _Refusal]],
    Iterable[_Row | _Refusal],
]
"""Applies the first function to every row, in order; the second where a row brought the first down, with the reason."""


def extract(page: bytes, url: str, *, charset: str | None = None) -> Extracted | None:
    """The story on an HTML page; None where there is none, whatever the bytes are. `charset`: what the server says."""
    try:
        return _extract(page, url, charset)
    except Exception:  # a page may be anything; the parsers below were not written for every one of them
        return None


def normalise(
    raw: dy.DataFrame[Raw] | Iterable[dy.DataFrame[Raw]], config: Config, each: Each | None = None
) -> tuple[dy.DataFrame[Articles], dy.DataFrame[Quarantine]]:
    """Every raw record as an article, or as a row of the quarantine that says why not; by article_id and raw_id.

    `raw` may come in parts, of which only one is held at a time: the pages of a whole night are many. `each` reads the
    records one by one, where a page can do no harm; here and now where it is None.
    """
    outlets = frozenset(outlet.domain for outlet in config.outlets)
    read, refused, read_one = [], [], partial(_read, outlets=outlets)
    for records in [raw] if isinstance(raw, pl.DataFrame) else raw:
        rows = records.iter_rows(named=True)
        results = map(read_one, rows) if each is None else each(read_one, rows, _unreadable)
        for row, result in zip(records.drop("content").iter_rows(named=True), results, strict=True):
            if isinstance(result, _Refusal):
                refused.append(_refused(row, result))
            else:
                read.append(result)
    given = len(read) + len(refused)
    articles = _frame(read, Articles)
    # Of one address, the latest revision is the article; of equal times, the fuller text.
    articles = articles.sort(
        pl.col("published_at"), pl.col("body").str.len_chars(), "raw_id", descending=[True, True, False]
    )
    latest = articles.unique("article_id", keep="first", maintain_order=True)
    kept = dict(latest.select("article_id", "raw_id").iter_rows())
    for row in articles.join(latest, on="raw_id", how="anti").iter_rows(named=True):
        detail = f"raw record {kept[row['article_id']]} has the same address, {row['url']}"
        refused.append(_refused(row, _Refusal("duplicate_url", detail)))
    quarantine = _frame(refused, Quarantine)
    if latest.height + quarantine.height != given:
        raise AssertionError(f"{given} raw records gave {latest.height} articles and {quarantine.height} refusals")
    return Articles.validate(latest.sort("article_id"), cast=True), Quarantine.validate(
        quarantine.sort("raw_id"), cast=True
    )


def canonical_url(url: str) -> str:
    """The address without what does not name the page: tracking, fragment, default port, order of query, final slash.

    Raises:
        ValueError: not an http or https address.
    """
    parts = urlsplit(canonicalize_url(url.strip()))
    host, port = (parts.hostname or "").rstrip("."), parts.port
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{url!r} is not an http or https address")
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.fullmatch(pair[0])]
    netloc = host if port in (None, 80, 443) else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/") or "/", urlencode(query), ""))


def article_id(url: str) -> str:
    """16 hex digits of a hash of the canonical URL; http or https, `www.`, `m.` or `amp.` are the same article."""
    return _hash(VARIANT.sub("", url.partition("://")[2]))


def clean(text: str) -> str:
    """The text as it is stored: NFC, without invisible characters, single spaces, at most one empty line in a row, and
    quotation marks of one character each."""
    text = INVISIBLE.sub("", LINE_BREAK.sub("\n", text))
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", text).split("\n"))
    return TYPED.sub(_mark, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


def _mark(typed: re.Match[str]) -> str:
    """One quotation mark for two apostrophes; the third of three is the inner quotation's."""
    if len(typed[0]) == 2:
        return '"'
    return "'\"" if typed.start() and not typed.string[typed.start() - 1].isspace() else "\"'"


# --- one record -------------------------------------------------------------------------------------------------------


def _without_walls(body: str) -> str:
    """A short text without its lines that speak to the visitor; any other as it is."""
    if len(body) > MAX_WALL_CHARACTERS:
        return body
    return "\n".join(line for line in body.split("\n") if not WALL.search(line))


def _unreadable(row: dict[str, Any], reason: str) -> dict[str, Any] | _Refusal:
    return _Refusal("unreadable", f"{reason}, over the {len(row['content']):,} bytes of {row['url']}")


def _read(row: dict[str, Any], outlets: frozenset[str]) -> dict[str, Any] | _Refusal:
    """The article that one record gives."""
    outlet, day = row["outlet"], row["day"]
    reason, _, detail = (row["problem"] or "").partition(": ")
    # A record of an outlet that has been configured since it was fetched needs no new fetch.
    if reason and not (reason == "unknown_outlet" and outlet in outlets):
        return _Refusal(reason if reason in QUARANTINE_REASONS else "invalid_record", detail or row["problem"])
    if outlet not in outlets:
        return _Refusal(
            "unknown_outlet", f"{outlet!r} is not in the configuration: add it, then normalise the day again"
        )
    try:
        url = canonical_url(row["url"] or "")
    except ValueError as error:
        return _Refusal("invalid_record", f"the record's address cannot be used: {error}")
    media_type, charset = _media_type(row["media_type"])
    if media_type == "text/plain":
        text = clean(row["content"].decode("utf-8", "replace"))
        story: Extracted | None = Extracted("", text, None, [], _language(text, None))
    else:
        story = extract(row["content"], url, charset=charset)
    if story is None:
        return _Refusal("no_article", f"no story text in the {len(row['content']):,} bytes of {row['url']}")
    title = _headline(row["title"] or "") or story.title
    authors = _authors(row["authors"] or []) or story.authors
    body, byline = taken_off(_without_headline(story.body, title), authors)
    told = _without_walls(body)
    if len(told) < MIN_BODY_CHARACTERS:
        said = "the text" if told == body else "the text without lines on cookies, subscriptions and lost pages"
        return _Refusal("too_short", f"{said} has {len(told)} of at least {MIN_BODY_CHARACTERS} characters: {body!r}")
    published_at, origin = _publication(day, row["published_at"], story.published_at)
    return {
        "day": day,
        "article_id": article_id(url),
        "raw_id": row["raw_id"],
        "outlet": outlet,
        "source": row["source"],
        "url": url,
        "title": title or body.partition("\n")[0][:MAX_TITLE_CHARACTERS],
        "body": body,
        "language": story.language,
        "byline": byline,
        "authors": authors,
        "published_at": published_at,
        "published_at_origin": origin,
        "published_on": published_at.date(),
        "text_hash": _hash(" ".join(body.casefold().split())),
    }


def _frame(rows: list[dict[str, Any]], schema: type[dy.Schema]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None) if rows else schema.create_empty()


def _refused(row: dict[str, Any], refusal: _Refusal) -> dict[str, Any]:
    return {key: row[key] for key in ("day", "raw_id", "outlet", "source", "url")} | {
        "reason": refusal.reason,
        "detail": refusal.detail,
    }


def _publication(day: date, source: datetime | None, page: datetime | None) -> tuple[datetime, str]:
    """When the article was published, and who says so; midnight of the day where nobody says it credibly."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    latest = midnight + timedelta(days=1) + LATEST_PUBLICATION
    for published_at, origin in ((source, "source"), (page, "page")):
        if published_at is not None and published_at < latest:
            return published_at, origin
    return midnight, "day"


def _headline(title: str) -> str:
    return " ".join(clean(title).split())[:MAX_TITLE_CHARACTERS]


def _without_headline(body: str, title: str) -> str:
    """The body without first lines that together repeat the headline, punctuation and case set aside."""
    wanted, seen = _words(title), list[str]()
    lines = body.split("\n")
    for number, line in enumerate(lines if wanted else []):
        seen += _words(line)
        if seen == wanted:
            return "\n".join(lines[number + 1 :]).strip()
        if seen != wanted[: len(seen)]:
            break
    return body


def _without_site(title: str, site: str, url: str) -> str:
    """The headline without a last part that only names the site: `A city votes | Harbour Times`."""
    match = re.fullmatch(r"(.+)\s+[|–—-]\s+([^|–—]+)", title)
    if match is None:
        return title
    last, host = "".join(_words(match[2])), urlsplit(url).hostname or ""
    names = {"".join(_words(name)) for name in (site, host, *host.split("."))}
    return match[1] if last in names else title


def _authors(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name for author in names if (name := _headline(author))))


def _media_type(given: str) -> tuple[str, str | None]:
    header = Message()
    header["Content-Type"] = given
    charset = header.get_param("charset")
    return header.get_content_type(), charset if isinstance(charset, str) else None


# --- one page ---------------------------------------------------------------------------------------------------------


def _extract(page: bytes, url: str, charset: str | None) -> Extracted | None:
    text = _decode(page, charset).replace("\0", "")  # as browsers do; the parser would put a mark in its place
    tree = parse(text)
    if tree is None or (elements := int(tree.xpath("count(//*)"))) > MAX_ELEMENTS:
        return None
    stated = stated_by(tree)
    story = find_story(tree, stated.titles, stated.body)
    found = "\n".join(story.lines)
    if elements <= MANY_ELEMENTS:
        if not found or story.doubt > MAX_DOUBT:
            found = trafilatura.extract(text, fast=True, include_comments=False, include_tables=False) or found
        if not (stated.authors and stated.published_at):
            stated = _looked_for(stated, text, url)
    title = _without_site(_headline(story.heading or next(iter(stated.titles), "")), stated.site, url)
    body = _without_headline(clean(found), title)
    if not body or _link_share(body, story.links) > MAX_LINK_SHARE:
        return None
    return Extracted(
        title=title,
        body=body,
        published_at=stated.published_at,
        authors=_authors(stated.authors),
        language=_language(body, stated.language),
    )


def parse(text: str) -> etree._Element | None:
    """The tree of a page, without comments; None where the text holds no element."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree: etree._Element | None = etree.fromstring(text.encode("utf-8", "replace"), parser)
    return tree


def _decode(page: bytes, charset: str | None) -> str:
    """The page's text: UTF-8 where its bytes are that, whatever it says; else as server or page say; else a guess."""
    text = page.decode("utf-8-sig", "replace")
    broken, foreign = text.count("\ufffd"), len(text) - len(text.encode("ascii", "ignore"))
    if broken == 0 or broken < MAX_BROKEN_SHARE * foreign:
        return text
    header = f"text/html; charset={charset}" if charset else None
    return html_to_unicode(header, page, default_encoding="windows-1252", auto_detect_fun=_guess_charset)[1]


def _link_share(body: str, links: frozenset[str]) -> float:
    return sum(len(line) for line in body.split("\n") if line.removeprefix("- ") in links) / len(body)


def _guess_charset(page: bytes) -> str | None:
    return next(iter(detect_encoding(page)), None)


@dataclass(frozen=True)
class Stated:
    """What a page says of itself to machines."""

    titles: list[str]
    """The headline in its linked data, in its cards for other sites, in the browser's bar: the likeliest first."""
    authors: list[str]
    published_at: datetime | None
    language: str | None
    site: str
    body: str
    """The text in its linked data; most pages have none."""


def stated_by(tree: etree._Element) -> Stated:
    """What the page states in its linked data, its meta elements and its marks of author and time."""
    metas = defaultdict[str, list[str]](list)
    linked, times, authors, title = list[dict[str, Any]](), list[str](), list[str](), ""
    for element in tree.iter("meta", "script", "title", "time", "a", "span", "address"):
        attributes = element.attrib
        match element.tag:
            case "meta":
                for name in ("property", "name", "itemprop", "http-equiv"):
                    if name in attributes and (content := attributes.get("content", "").strip()):
                        metas[attributes[name].lower()].append(content)
            case "script" if attributes.get("type") == "application/ld+json":
                linked += _linked(element.text or "")
            case "title":
                title = title or element.text or ""
            case "time" if "datetime" in attributes:
                is_first = attributes.get("itemprop") == "datePublished" or "pubdate" in attributes
                if is_first or next(element.iterancestors("header"), None) is not None:
                    times.append(attributes["datetime"])
            case _ if attributes.get("rel") == "author" or attributes.get("itemprop") == "author":
                authors.append(" ".join("".join(element.itertext()).split()))
    stories = [node for node in linked if "headline" in node or "articleBody" in node]
    dates = [node["datePublished"] for node in linked if isinstance(node.get("datePublished"), str)]
    dates += [content for name in DATE_METAS for content in metas[name]] + times
    named = [name for node in stories for name in _names(node.get("author"))]
    named = named or [name for meta in AUTHOR_METAS for name in metas[meta] if "/" not in name] or authors
    return Stated(
        titles=[
            text
            for text in (*chain(*(_names(node.get("headline")) for node in stories)), *metas["og:title"], title)
            if text.strip()
        ],
        authors=[part for name in named for part in BYLINE.split(BY.sub("", name.strip())) if part.strip()],
        published_at=next((parsed for text in dates if (parsed := _parse_time(text))), None),
        language=tree.get("lang") or next(iter(metas["content-language"]), None),
        site=next(iter(metas["og:site_name"]), ""),
        body=max(
            (node["articleBody"] for node in stories if isinstance(node.get("articleBody"), str)), default="", key=len
        ),
    )


def _looked_for(stated: Stated, text: str, url: str) -> Stated:
    """What the page does not tell machines, as trafilatura finds it in its address and its words."""
    # Without `max_date` the clock would have a say in the result.
    dates = {"original_date": True, "extensive_search": False, "max_date": "2100-01-01"}
    found = extract_metadata(trafilatura.load_html(text), url, dates)
    return replace(
        stated,
        authors=stated.authors or (found.author or "").split(";"),
        published_at=stated.published_at or _parse_time(found.date or ""),
    )


def _linked(script: str) -> Iterator[dict[str, Any]]:
    """Every object in JSON-LD, in reading order."""
    try:
        waiting = [json.loads(script, strict=False)]
    except (ValueError, RecursionError):
        return
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, dict):
            yield node
            waiting[:0] = node.values()
        elif isinstance(node, list):
            waiting[:0] = node


def _names(value: object) -> list[str]:
    """The names in a value of JSON-LD: a text, an object with a name, or a list of either."""
    match value:
        case str():
            return [value]
        case {"name": name}:
            return _names(name)
        case list():
            return [name for item in value for name in _names(item)]
    return []


def _parse_time(text: str) -> datetime | None:
    """ISO 8601 or RFC 5322, in UTC; a time without a zone is taken as UTC."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            parsed = parse(text.strip())
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _language(text: str, stated: str | None) -> str:
    """ISO 639-1 code of the text's language; `stated` decides where the text is too short or mixed to tell."""
    language, probability = _identifier().classify(text[:LANGUAGE_CHARACTERS])
    primary = re.split("[-_,;]", stated or "")[0].strip().lower()
    if probability < SURE_LANGUAGE and re.fullmatch("[a-z]{2}", primary):
        return primary
    return str(language)


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # ISO 639-1 only: without the rarer languages, headlines in English are no longer taken for Nigerian Pidgin.
    identifier.set_languages([label for label in identifier.labels if len(label) == 2])
    return identifier


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
