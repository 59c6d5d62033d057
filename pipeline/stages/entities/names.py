"""Names: which spans are names, and whom each name of an article means."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from pipeline.languages import abbreviations, at_names, written_out
from pipeline.names import LOCAL, OPERATOR, LookUp, key, office_key, own_id
from pipeline.schemas import MENTION_TYPES
from pipeline.stages.entities.text import (
    ARTICLE,
    CAPITAL,
    ENTITY,
    HE,
    HEADS,
    RUN,
    SHE,
    SPAN,
    TITLE,
    find,
    in_content,
    one_of,
    overlaps,
    with_context,
)

# How sure each way of resolving is: judged by reading resolved rows of real articles, not yet calibrated.
KNOWN_FULL = 0.95  # a known name of two words or more
KNOWN_SHORT = 0.85  # a known name of one word: Trump, Congress
KNOWN_CHOSEN = 0.75  # a name of several known entities, one of which the article speaks for
DEMONYM = 0.9
OWN_FULL = 0.9  # a name that no one knows, whole: it can only be itself
OWN_SHORT = 0.5  # a surname whose full name the article never gives
SURNAME = 0.9  # the one full name of the article with that surname
SURNAME_CHOSEN = 0.75  # one of several: see INTRODUCED_ALONE; told apart by Mr. or Mrs.; or known by the bare surname
GIVEN_NAME = 0.7
ACRONYM = 0.9
SHORT_NAME = 0.8  # "the Times" in an article that names The New York Times
PASSED_OVER = 0.9  # a name that the reader passed over

# Characters by which one bearer of a surname is named before the next for the bare surname to be theirs: the press
# names the one a story is about first, and goes on naming the other in full. In 57 articles of 2016 that name both
# Clintons this took 94 % of the bare surnames where it is right, and 16 % where it may not be.
INTRODUCED_ALONE = 500
# What tells the entities of one name apart, in points: each other entity of the article that speaks for it (up to
# three), fame (the logarithm of the Wikipedias that know it), a name in the shipped list, a leading office on the day;
# against it that it was gone.
RELATED_AT_MOST = 3
SHIPPED_BONUS = 1.5
FAME_OF_SHIPPED = 2.0  # the shipped list holds whom about a hundred Wikipedias know
GONE_MALUS = 1.0
IN_OFFICE_BONUS = 1.0
# Offices whose holder the press calls by a bare surname that others bear too.
LEADING: Final = (
    "president",
    "vice president",
    "prime minister",
    "chancellor",
    "secretary of state",
    "nominee",
    "front-runner",
    "contender",
    "running mate",
    "governor",
    "senator",
    "mayor",
    "speaker",
    "pope",
    "king",
    "queen",
)
# Points between the best and the next for the best to be taken.
MARGIN = 1.0

SHE_TITLE = r"\b(?:Mrs|Ms|Miss|Congresswoman|Queen|Princess|Lady)\.?\s+$"
HE_TITLE = r"\b(?:Mr|Congressman|King|Prince|Sir)\.?\s+$"
GENERATION = r"(?:jr|sr|ii|iii|iv)"

REGNAL_TITLE = rf"\b{one_of('regnal')}\s+$"
LATE = rf"\b(?:\p{{L}}+['’]s?|\p{{Ll}}+|\p{{Lu}}\p{{Ll}}{{2}})\s+{one_of('late')}\s+(?:\p{{Ll}}[\p{{L}}-]*\s+){{0,2}}$"
WITH_ARTICLE = rf"(?i)\b{one_of('article')}\s+$"
# A span that names no one: a title, with or without a word that says which: "No President".
TITLE_ALONE = rf"^(?i)(?:{one_of('whichever')}\s+)?{TITLE}+$"
# A person's name is no part of a thing's: "a Star of David".
PART_OF_A_THING = rf"(?i:\b{one_of('whichever')})\s+\p{{Lu}}\p{{Ll}}+\s+of\s+$"
ADJECTIVE = rf"^{one_of('adjectives')}\s+"
SENTENCE_START = r"(?:^|[.!?:“\"‘(])\s*$"
# Between two names of one thing, and after the second.
ALSO = rf"^(?:,\s+|\s+\(){one_of('also')}\s+(?i:{one_of('article')}\s+)?[“\"‘]?$"
ACRONYM_FORM = r"^(?:\p{L}*\p{Lu}\p{L}*\p{Lu}[\p{L}\p{N}&.-]*|(?:\p{Lu}\.){2,})$"

# A span that names nothing: a pronoun without a person of its own, an article. "US" is a name, "us" is not.
NO_NAME = (
    r"^(?:[Ii]|[Mm]e|[Mm]y|[Ww]e|[Uu]s|[Oo]urs?|[Yy]ou|[Yy]our|[Tt]hey|[Tt]hem|[Tt]heir|[Ii]t|[Ii]ts|[Ww]ho|[Ww]hom|"
    r"[Tt]his|[Tt]hat|[Tt]hese|[Tt]hose|[Tt]he|[Aa]n?)$"
)
# A mention that the reader cut off at the full stop of a title: "Florida Sen" of "Florida Sen. Piet Lund".
CUT_OFF = r"^(?:.+\s)?(?:Rep|Sen|Gov|Reps|Sens|Lt|Gen|Dr|Mr|Mrs|Ms)\.?$"
# Words that open a sentence before a name and are no part of it.
OPENING = (
    r"^((?:The|But|And|When|If|As|While|In|With|For|Yet|So|Because|Like|After|Before|Since|Then|Although|Though|Even|"
    r"Unlike|To|On|At|By|From|Of|Does|Did|Is|Was|Will|Can|Should|Would|Has|Had|Now|That|What|Why|How|Who|Where|Still|"
    r"Once|Instead|Both|Former|Many|Most|Some|Other|Not|Only|A|An|Or|Nor|Until|Under|Against|Among|Between|Also|Later)\s+)"
)

# With these in it a name is a body's or a thing's, though it ends in a person's: "Veterans for Donald Trump".
IN_A_BODY = r"(?i)\s(?:of|for|and|against|with|by|to|vs|or|on|about)\s|[&,;:/]"

# What an unknown name behind it is: an organisation.
KINDS_OF_BODY = "newspaper|magazine|website|network|think tank|company|nonprofit|advocacy group|union|firm"

# A surname before these is no one's alone: "the Bush family"; or may be another bearer's: "the Clinton years".
OF_A_FAMILY = r"^\s(?:family|dynasty|brothers|clan|siblings)\b"
OF_A_TIME = r"^\s(?:administrations?|era|years|presidenc(?:y|ies))\b"

MONTHS: Final = ("March", "April", "May", "June", "August")

RESOLVED: Final[dict[str, Any]] = {
    "entity_id": pl.String,
    "name": pl.String,
    "type": pl.Enum(MENTION_TYPES),
    "wikidata_id": pl.String,
} | {
    "gender": pl.Enum(["f", "m"]),
    "method": pl.String,
    "sure": pl.Float64,
    "runner_up_id": pl.String,
}


# --- spans -----------------------------------------------------------------------------------------------------------


def name_spans(
    articles: pl.DataFrame, mentions: pl.DataFrame, statements: pl.DataFrame, look_up: LookUp
) -> pl.DataFrame:
    """The mentions that name something, and the names that the reader passed over, each with its bare name.

    `label` is the name without title and possessive, `key` its letters, `titled` the gender of a title before it. A
    name is passed over where the article names the same elsewhere, where the gazetteer knows all of it, or where the
    word before it says what it is.
    """
    mentions = mentions.filter(~pl.col("text").str.contains(CUT_OFF))
    spans = _clean_names(articles, mentions.filter(~pl.col("text").str.contains(f"{NO_NAME}|{HE}|{SHE}")))
    spans = _whole_names(_whole_states(spans, ~_is_person()), look_up)
    runs = _pieces(find(articles, RUN).join(mentions, on=SPAN, how="anti"))
    runs = runs.filter(~pl.col("text").str.contains(NO_NAME))
    runs = runs.join(overlaps(runs, mentions), on=SPAN, how="anti")
    runs = runs.with_columns(type=pl.lit("PER", pl.Enum(MENTION_TYPES)), probability=pl.lit(PASSED_OVER, pl.Float32))
    runs = _whole_states(_clean_names(articles, runs), pl.lit(True))
    # Twice: "Obama" beside a "President Obama" that the reader passed over too.
    sure = _named_elsewhere(runs, spans, look_up)
    passed_over = (
        _named_elsewhere(runs, pl.concat([spans, sure], how="diagonal"), look_up)
        .pipe(in_content, statements)
        # Of a run the whole is a name before its pieces are.
        .filter(pl.col("is_piece") == pl.col("is_piece").min().over(*ARTICLE, "run"))
    )
    columns = [*SPAN, "text", "type", "probability", "statement_id", "label", "key", "titled", "is_possessive"]
    columns += ["before", "after", "is_regnal", "is_late"]
    return pl.concat([spans.select(columns), passed_over.select(columns)]).sort(SPAN)


def _pieces(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs of capitalised words without the word that opens a sentence, and the names that may be joined in one.

    "Former Alaska Gov. Sarah Palin" is a place and a person on both sides of a title, "Democrat Hillary Clinton" a
    person after a party.
    """
    opening = pl.col("text").str.extract(OPENING).str.len_chars().fill_null(0)
    runs = runs.with_columns(
        run=pl.col("start"), start=pl.col("start") + opening, text=pl.col("text").str.slice(opening), is_piece=False
    )
    head, tail = rf"^(\S.*?)\s+(?i:{TITLE}).+$", rf"^\S.*\s(?i:{TITLE})(\S.*)$"
    words = r"(?:\S+)"
    last_two, before = rf"^.*\s({words}\s{words})$", rf"^(.*\S)\s{words}\s{words}$"
    pieces = [
        runs.with_columns(piece=pl.coalesce(pl.col("text").str.extract(first), pl.col("text").str.extract(second)))
        .filter(pl.col("piece").is_not_null())
        .with_columns(
            start=pl.col("start") if is_head else pl.col("end") - pl.col("piece").str.len_chars(),
            end=pl.col("start") + pl.col("piece").str.len_chars() if is_head else pl.col("end"),
            text="piece",
            is_piece=True,
        )
        .drop("piece")
        for first, second, is_head in ((head, before, True), (tail, last_two, False))
    ]
    return pl.concat([runs, *pieces]).unique(SPAN, keep="first", maintain_order=True)


def _clean_names(articles: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """The spans with their bare name (`label`), its `key`, and the gender of a title before it (`titled`)."""
    in_brackets = pl.col("before").str.contains(r"[(,]\s*$")
    label = (
        pl.when(in_brackets)
        .then(pl.col("text").str.replace(r"^[RDI]-", ""))  # of "(R-Tex.)" the state; "D-Day" is a day
        .otherwise("text")
        .str.replace_all(r"\s+", " ")
        .str.replace(r"['’](?:s|S)?$", "")
        .str.strip_chars(" \"“”‘’',;:()[]")
        .str.replace(rf"(?:\s{one_of('small')})+$", "")  # "Department of Justice in"
        .str.replace(rf"[-–]{one_of('behind_a_hyphen')}$", "")  # "Obama-era"
        .str.replace(rf"(\s\S+)\s{one_of('days')}$", "${1}")  # "Meet the Press Sunday"
    )
    untitled = label.str.replace(rf"^(?i){TITLE}+", "")
    with_next = pl.col("text") + pl.col("after").str.extract(r"^(\s\p{L}+)").fill_null("-")
    return (
        with_context(mentions, articles)
        .with_columns(
            label=pl.when(_is_person()).then(_of_a_person(untitled, pl.col("before"))).otherwise(label),
            is_possessive=pl.col("text").str.contains(r"['’]s$") | pl.col("after").str.contains(r"^['’]s"),
            # The title may stand in the span or before it.
            titled_text=pl.col("before") + pl.col("text").str.extract(rf"^((?i){TITLE}+)").fill_null(""),
        )
        .with_columns(
            key=key(pl.col("label")),
            titled=pl.when(pl.col("titled_text").str.contains(SHE_TITLE))
            .then(pl.lit("f"))
            .when(pl.col("titled_text").str.contains(HE_TITLE))
            .then(pl.lit("m")),
            is_titled=pl.col("titled_text").str.contains(rf"(?i)\b{TITLE}$"),
            is_regnal=pl.col("titled_text").str.contains(REGNAL_TITLE),
            is_late=pl.col("titled_text").str.contains(LATE),
        )
        # A title alone, or signs, is no name.
        .filter(
            pl.col("key") != "",
            # "Justice" alone may be a department.
            ~((pl.col("text") + " ").str.contains(TITLE_ALONE) & (_is_person() | pl.col("text").str.contains(" "))),
            # "Crown" of "Crown Prince".
            ~(_is_person() & with_next.str.contains(TITLE_ALONE)),
        )
        .drop("titled_text")
    )


def _of_a_person(label: pl.Expr, before: pl.Expr) -> pl.Expr:
    """A person's name without the adjective before it: "arrogant Renn"; "van Lund" keeps its own word."""
    label = label.str.replace(r"^(?:\p{Ll}{5,}\s+)+(\p{Lu})", "$1")
    return pl.when(before.str.contains(SENTENCE_START)).then(label.str.replace(ADJECTIVE, "")).otherwise(label)


def _whole_states(spans: pl.DataFrame, can_be: pl.Expr) -> pl.DataFrame:
    """The spans with "La." after a comma, or in "(R-La.)", under the state's whole name; elsewhere, of those that
    `can_be` states, such letters name nothing."""
    short = pl.col("label").str.strip_chars(".")
    is_short = can_be & short.is_in(list(abbreviations()))
    stopped = pl.col("text").str.contains(r"\.$") | pl.col("after").str.starts_with(".")
    is_state = (stopped & pl.col("before").str.contains(r",\s$")) | (
        pl.col("before") + pl.col("text").str.extract(r"^(.-)").fill_null("")
    ).str.contains(r"\(\p{Lu}\p{L}*\.?[-–—]$")
    return (
        spans.filter(~is_short | is_state)
        .with_columns(label=pl.when(is_short).then(short.replace(abbreviations())).otherwise("label"))
        .with_columns(key=key(pl.col("label")))
    )


def _whole_names(spans: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """The spans under the known name that they are cut out of, or that is cut out of them.

    The reader may mark "Hillary" of "Hillary Clinton", or "Democratic nominee Hillary Clinton" as one thing.
    """
    label, words = pl.col("label"), r"\S+\s\S+$"
    is_word = ~label.str.contains(r"\s")
    last = label.str.extract(rf"\s({words})")
    readings = {
        "from_before": pl.when(is_word).then(pl.col("before").str.extract(rf"\b({CAPITAL})\s$") + " " + label),
        "to_after": pl.when(is_word, pl.col("text").str.contains(r"\p{L}$")).then(
            label + " " + pl.col("after").str.extract(rf"^\s({CAPITAL})").str.replace(r"['’]s?$", "")
        ),
        "last": pl.when(~label.str.contains(IN_A_BODY) & label.str.contains(rf"\s{words}")).then(last),
    }
    spans = spans.with_columns(**readings)
    keys = pl.concat([spans.select(key=key(pl.col(name))) for name in readings])["key"]
    known = look_up(keys).filter(pl.col("via") == "name", _is_person()).select("key").unique()
    for name in readings:
        spans = (
            spans.with_columns(whole=key(pl.col(name)))
            .join(known.select(whole="key", is_whole=pl.lit(True)), on="whole", how="left")
            .with_columns(
                label=pl.when("is_whole").then(name).otherwise("label"),
                key=pl.when("is_whole").then("whole").otherwise("key"),
                type=pl.when("is_whole").then(pl.lit("PER", spans.schema["type"])).otherwise("type"),
            )
            .drop("whole", "is_whole")
        )
    return spans.drop(*readings)


def _named_elsewhere(runs: pl.DataFrame, spans: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """The runs of capitalised words that are names, with their type.

    Of one word only what a mention of the article names, a people, a place or an acronym: a word is many things.
    """
    types = (
        spans.group_by(*ARTICLE, "key", "type")
        .agg(weight=pl.col("probability").cast(pl.Float64).sum().round(6))
        .sort("weight", "type", descending=[True, False])
        .unique([*ARTICLE, "key"], keep="first", maintain_order=True)
        .select(*ARTICLE, "key", named="type")
    )
    surnames = spans.filter(_is_person()).select(*ARTICLE, key=pl.col("key").str.extract(r"(\S+)$")).unique()
    givens = spans.filter(_is_person()).select(*ARTICLE, key=pl.col("key").str.extract(r"^(\S+) ")).unique()
    found = look_up(runs["key"]).filter(pl.col("via").is_in(["name", "demonym"]))
    known = found.group_by("key").agg(
        known=pl.col("type").first(), is_person=_is_person().all(), is_one=_is_person().n_unique() == 1
    )
    is_word = ~pl.col("key").str.contains(" ")
    # "Will", "Time" and "Ice" may open a sentence.
    is_first = pl.col("before").str.contains(SENTENCE_START)
    is_sure = (
        ~is_word
        | (pl.col("is_titled") & pl.col("is_person"))
        | pl.col("label").str.contains(r"^\p{Lu}{3,}$")
        | (~pl.col("is_person") & ((pl.col("known") == "LOC") | pl.col("label").str.contains(r"s$")))
        | (~pl.col("is_person") & (pl.col("known") == "ORG") & ~is_first)
    )
    is_given = pl.col("is_given").fill_null(False) & ~is_first
    is_surname = is_word & (pl.col("is_surname").fill_null(False) | is_given)
    # A name that no one knows, behind a word that says what it is: "chairman Piet Lund", "the newspaper Tide".
    heads = ~pl.col("is_piece") & pl.col("before").str.contains(rf"\b{HEADS}\s+$")
    is_introduced = ~is_word & (heads | pl.col("is_titled"))
    is_body = pl.col("before").str.contains(rf"\b(?:{KINDS_OF_BODY})\s+$")
    return (
        runs.join(types, on=[*ARTICLE, "key"], how="left")
        .join(known, on="key", how="left")
        .join(surnames.with_columns(is_surname=pl.lit(True)), on=[*ARTICLE, "key"], how="left")
        .join(givens.with_columns(is_given=pl.lit(True)), on=[*ARTICLE, "key"], how="left")
        .with_columns(
            type=pl.when(pl.col("named").is_not_null())
            .then("named")
            .when(is_surname)
            .then(pl.lit("PER", pl.Enum(MENTION_TYPES)))
            .when(pl.col("is_one"), is_sure)
            .then("known")
            .when(is_introduced)
            .then(pl.lit("PER", pl.Enum(MENTION_TYPES)))
            .when(is_body)
            .then(pl.lit("ORG", pl.Enum(MENTION_TYPES)))
        )
        .filter(
            pl.col("type").is_not_null(),
            # "Trump National Golf" is no Trump, and "May" mostly the month.
            ~(is_word & _is_person() & ((pl.col("is_piece") & ~pl.col("is_titled")) | pl.col("label").is_in(MONTHS))),
        )
        .drop("named", "known", "is_person", "is_one", "is_surname", "is_given")
    )


def _is_person(type_: str = "type") -> pl.Expr:
    return pl.col(type_) == "PER"


def _entity(
    values: dict[str, pl.Expr], method: str | pl.Expr, probability: float | pl.Expr, runner_up: pl.Expr | None = None
) -> pl.Expr:
    """One way to resolve a name, as a struct."""
    method = pl.lit(method) if isinstance(method, str) else method
    sure = pl.lit(probability) if isinstance(probability, float) else probability
    values = values | {"method": method, "sure": sure}
    values["runner_up_id"] = pl.lit(None, pl.String) if runner_up is None else runner_up
    return pl.struct(*(values[name].cast(dtype).alias(name) for name, dtype in RESOLVED.items()))


def _as(entity: pl.Expr, method: str, probability: float | pl.Expr, runner_up: pl.Expr | None = None) -> pl.Expr:
    """The same entity, resolved in another way; null where there is none."""
    values = {c: entity.struct.field(c) for c in ENTITY}
    return pl.when(entity.is_not_null()).then(_entity(values, method, probability, runner_up))


# --- known names -----------------------------------------------------------------------------------------------------


def _known(articles: pl.DataFrame, names: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """One row per article, key and kind (person or not) that is known: whom it means there, and who else it may mean.

    `known` is null where several fit and nothing tells which. The operator's word goes before the others', a name
    before a demonym; then evidence decides: what else the article names, fame, time.
    """
    kind = [*ARTICLE, "key", "is_person", "titled"]
    found = look_up(names["key"]).filter(pl.col("via").is_in(["name", "demonym"])).with_columns(is_person=_is_person())
    candidates = (
        names.select(*kind, named_as="type")
        .unique(kind)
        .join(found, on=["key", "is_person"])
        .join(articles.select(*ARTICLE, "published_on"), on=ARTICLE)
        .filter(
            pl.col("starts_on").is_null() | (pl.col("starts_on") <= pl.col("published_on")),
            (pl.col("titled") == "") | pl.col("gender").cast(pl.String).eq(pl.col("titled")).fill_null(True),
        )
        .filter(_is_of_the_kind(kind))
        .with_columns(order=2 * (pl.col("via") == "demonym") + (pl.col("rank") > 0))
        .filter(pl.col("order") == pl.col("order").min().over(kind))
        .unique([*kind, "entity_id"], keep="first", maintain_order=True)
        .with_columns(several=pl.len().over(kind))
    )
    # What the article surely names, and the countries and bodies of that, speak for one candidate or another.
    context = (
        candidates.filter(pl.col("several") == 1, pl.col("rank") != LOCAL, ~pl.col("key").is_in(_keys("bodies")))
        .select(*ARTICLE, "key", context=pl.concat_list("entity_id", "related"))
        .explode("context", empty_as_null=False, keep_nulls=False)
        .unique()
        .group_by(*ARTICLE, "context")
        .agg(speakers=pl.col("key").n_unique())
    )
    candidates = _of_the_country(candidates, context)
    # Who is named by another full name, too, is seldom meant by one that a namesake bears: George W. and George Bush.
    is_namesake = pl.col("is_person") & pl.col("key").str.contains(" ") & (pl.col("context") == pl.col("entity_id"))
    supported = (
        candidates.filter(pl.col("several") > 1)
        .select(*kind, "entity_id", context=pl.concat_list("entity_id", "related"))
        .explode("context", empty_as_null=False, keep_nulls=False)
        .join(context, on=[*ARTICLE, "context"])
        .group_by(*kind, "entity_id")
        .agg(support=pl.when(is_namesake).then(-pl.col("speakers").cast(pl.Int64)).otherwise("speakers").sum())
    )
    points = (
        pl.min_horizontal(pl.col("support").fill_null(0), RELATED_AT_MOST)
        + (pl.col("prominence").cast(pl.Float64) + 1)
        .log10()
        .fill_null(pl.when(pl.col("rank") == 1).then(FAME_OF_SHIPPED).otherwise(0.0))
        + (pl.col("rank") == 1) * SHIPPED_BONUS
        + pl.col("is_in_office").fill_null(False) * IN_OFFICE_BONUS
        - (pl.col("ends_on") < pl.col("published_on")).fill_null(False) * GONE_MALUS
    )
    sure = (
        pl.when(pl.col("several") > 1)
        .then(KNOWN_CHOSEN)
        .when(pl.col("via") == "demonym")
        .then(DEMONYM)
        .when(pl.col("key").str.contains(" "))
        .then(KNOWN_FULL)
        .otherwise(KNOWN_SHORT)
    )
    method = pl.when(pl.col("via") == "demonym").then(pl.lit("demonym")).otherwise(pl.lit("known"))
    return (
        candidates.join(supported, on=[*kind, "entity_id"], how="left")
        .join(_in_office(candidates, look_up), on=["entity_id", "published_on"], how="left")
        .with_columns(points=points.round(6))
        .sort(*kind, "points", "entity_id", descending=[False] * len(kind) + [True, False])
        .with_columns(
            next_points=pl.col("points").shift(-1).over(kind), next_id=pl.col("entity_id").shift(-1).over(kind)
        )
        .unique(kind, keep="first", maintain_order=True)
        .with_columns(is_sure=(pl.col("points") - pl.col("next_points") >= MARGIN).fill_null(True))
        .select(
            *kind,
            known=pl.when("is_sure").then(_entity({c: pl.col(c) for c in ENTITY}, method, sure, pl.col("next_id"))),
            likeliest_id=pl.when(~pl.col("is_sure")).then("entity_id"),
        )
    )


def _is_of_the_kind(kind: list[str]) -> pl.Expr:
    """Whether a candidate is what the reader sees: "Leeds" that plays is no city, and where a place and a body have a
    name, the place is meant as one. A body's name that is read as a place's is still the body's."""
    is_place = pl.col("type") == "LOC"
    is_name = pl.col("via") == "name"
    return (
        pl.when(~is_name)
        .then(True)
        .when(pl.col("named_as") == "ORG")
        .then(~is_place | (pl.col("rank") == OPERATOR))
        .when(pl.col("named_as") == "LOC")
        .then(is_place | ~(is_place & is_name).any().over(kind))
        .otherwise(True)
    )


def _of_the_country(candidates: pl.DataFrame, context: pl.DataFrame) -> pl.DataFrame:
    """The candidates without bodies such as many a country has ("the Senate") where the article speaks more of another
    country, or of none: the countries are those of its places. And without those whose name means them only where
    their country is named."""
    named = context.group_by(ARTICLE).agg(named=pl.col("context"))
    is_elsewhere = (pl.col("rank") == LOCAL) & ~(
        (pl.col("related").list.set_intersection("named").list.len() > 0).fill_null(False)
    )
    candidates = (
        candidates.join(named, on=ARTICLE, how="left", maintain_order="left").filter(~is_elsewhere).drop("named")
    )
    is_body = pl.col("key").is_in(_keys("bodies"))
    places = candidates.filter(pl.col("type") == "LOC", pl.col("several") == 1).select(
        *ARTICLE,
        context=pl.when(pl.col("related").list.len() > 0).then("related").otherwise(pl.concat_list("entity_id")),
    )
    countries = (
        places.explode("context", empty_as_null=False, keep_nulls=False)
        .unique()
        .join(context, on=[*ARTICLE, "context"])
        .group_by(ARTICLE)
        .agg(country=pl.col("context").filter(pl.col("speakers") == pl.col("speakers").max()))
    )
    is_of_it = pl.col("related").list.set_intersection("country").list.len() > 0
    return (
        candidates.join(countries, on=ARTICLE, how="left", maintain_order="left")
        .filter(~is_body | (pl.col("order") == 0) | (pl.col("related").list.len() == 0) | is_of_it.fill_null(False))
        .drop("country")
        .with_columns(several=pl.len().over(*ARTICLE, "key", "is_person", "titled"))
    )


def _keys(kind: str) -> list[str]:
    """The keys of the words of a list of `names.toml`."""
    return pl.Series(at_names(kind)).to_frame("word").select(key(pl.col("word")))["word"].to_list()


def _in_office(candidates: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """Those of several candidates who hold a leading office on the day of publication."""
    asked = (
        candidates.filter(pl.col("several") > 1, "is_person")
        .select("entity_id", "published_on", of="related")
        .explode("of", empty_as_null=False, keep_nulls=False)
        .unique()
        .join(pl.DataFrame({"role": LEADING}), how="cross")
        .with_columns(key=office_key(pl.col("role"), pl.col("of")))
    )
    held = look_up(asked["key"]).filter(pl.col("via") == "office").select("key", "entity_id", "starts_on", "ends_on")
    on = pl.col("published_on")
    return (
        asked.join(held, on=["key", "entity_id"])
        .filter((pl.col("starts_on") <= on).fill_null(True), (pl.col("ends_on") >= on).fill_null(True))
        .select("entity_id", "published_on", is_in_office=pl.lit(True))
        .unique()
    )


# --- names of an article ---------------------------------------------------------------------------------------------


def resolve_names(articles: pl.DataFrame, spans: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """The spans with the entity that each refers to, how it was found, how surely, and who is the next likeliest."""
    names = _resolve_names(articles, spans, look_up)
    resolved = spans.drop("type", "probability").join(names, on=[*ARTICLE, "key", "titled"], nulls_equal=True)
    is_surname = pl.col("method").is_in(["surname", "known"]) & ~pl.col("key").str.contains(" ") & _is_person()
    of_several = pl.col("after").str.contains(OF_A_FAMILY) | (
        pl.col("after").str.contains(OF_A_TIME) & pl.col("runner_up_id").is_not_null()
    )
    apart = {
        "runner_up_id": pl.col("entity_id"),
        "entity_id": own_id(pl.col("type"), pl.col("key")),
        "name": pl.col("label"),
        "wikidata_id": None,
        "gender": None,
        "method": pl.lit("ambiguous"),
        "probability": pl.lit(OWN_SHORT),
    }
    is_part = (
        pl.col("before").str.contains(PART_OF_A_THING)
        & _is_person()
        & (pl.col("method") == "name")
        & ~pl.col("key").str.contains(" ")
    )
    return (
        resolved.filter(~is_part)
        .with_columns(
            pl.when(is_surname & of_several).then(value).otherwise(name).alias(name) for name, value in apart.items()
        )
        .sort(SPAN)
    )


def _resolve_names(articles: pl.DataFrame, spans: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """One row per article, key and title: the entity that the name means there, how it was found and how surely."""
    votes = spans.group_by(*ARTICLE, "key", "type").agg(weight=pl.col("probability").cast(pl.Float64).sum().round(6))
    types = (
        look_up(votes["key"])
        .filter(pl.col("via") == "name")
        .with_columns(is_person=_is_person())
        .unique(["key", "is_person"], keep="first", maintain_order=True)
        .select("key", "is_person", known="type")
    )
    # A surname is what the full names that end in it are: "Clinton" read as a place beside "Hillary Clinton".
    surname_votes = (
        _name_parts(_voted(votes, types).filter(_is_person()))
        .filter(~pl.col("is_given"))
        .join(votes.drop("type"), left_on=[*ARTICLE, "full"], right_on=[*ARTICLE, "key"])
        .join(votes, left_on=[*ARTICLE, "part"], right_on=[*ARTICLE, "key"], how="semi")
        .select(*ARTICLE, pl.lit("PER", pl.Enum(MENTION_TYPES)).alias("type"), "weight", key="part")
    )
    labels = (
        spans.group_by(*ARTICLE, "key", "label")
        .agg(pl.len(), pl.col("start").min())
        # "CLEVELAND" opens many a story about Cleveland.
        .with_columns(is_shouted=pl.col("label").str.contains(r"^\P{Ll}{5,}$"))
        .group_by(*ARTICLE, "key")
        .agg(
            pl.col("label").sort_by("is_shouted", "len", "start", descending=[False, True, False]).first(),
            pl.col("start").min(),
        )
        .join(
            spans.group_by(*ARTICLE, "key").agg(
                pl.col("is_regnal", "is_late").any(), has_article=pl.col("before").str.contains(WITH_ARTICLE).all()
            ),
            on=[*ARTICLE, "key"],
        )
    )
    # A middle initial changes no one.
    plain = pl.when("is_person").then(
        pl.col("key").str.extract(r"^(\S+(?: \p{L})+ \S+)$").str.replace_all(r" \p{L}\b", "")
    )
    names = (
        _voted(pl.concat([votes, surname_votes], how="diagonal"), types)
        .join(labels, on=[*ARTICLE, "key"])
        .with_columns(is_person=_is_person(), is_word=~pl.col("key").str.contains(" "))
        .with_columns(plain=plain)
    )
    titles = spans.select(*ARTICLE, "key", "titled").unique()
    keys = pl.concat(
        [
            names.select(*ARTICLE, "key", "is_person", "type", titled=pl.lit("")),
            names.filter(pl.col("plain").is_not_null()).select(
                *ARTICLE, "is_person", "type", key="plain", titled=pl.lit("")
            ),
            names.filter("is_person")
            .join(titles.filter(pl.col("titled").is_not_null()), on=[*ARTICLE, "key"])
            .select(*ARTICLE, "key", "is_person", "type", "titled"),
        ],
        how="diagonal",
    )
    known = _known(articles, keys, look_up).join(
        _places_of_a_name(spans, names, look_up), on=[*ARTICLE, "key", "is_person"], how="anti"
    )
    known_titled = known.filter(pl.col("titled") != "").select(*ARTICLE, "key", "titled", known_titled="known")
    known = known.filter(pl.col("titled") == "")
    names = (
        names.join(known, on=[*ARTICLE, "key", "is_person"], how="left")
        .join(
            known.select(*ARTICLE, "is_person", plain="key", known_plain="known"),
            on=[*ARTICLE, "plain", "is_person"],
            how="left",
        )
        .with_columns(
            known=pl.coalesce("known", "known_plain"),
            own=_entity(
                {"entity_id": own_id(pl.col("type"), pl.col("key")), "name": pl.col("label"), "type": pl.col("type")}
                | {"wikidata_id": pl.lit(None, pl.String), "gender": pl.lit(None, pl.Enum(["f", "m"]))},
                pl.when(pl.col("likeliest_id").is_null()).then(pl.lit("name")).otherwise(pl.lit("ambiguous")),
                pl.when("is_word", "is_person").then(OWN_SHORT).otherwise(OWN_FULL),
                pl.col("likeliest_id"),
            ),
        )
        .select(
            *(*ARTICLE, "key", "label", "start", "known", "own"),
            *("is_person", "is_word", "is_regnal", "is_late", "has_article"),
        )
    )
    persons = _resolve_persons(
        names.filter("is_person"), titles.join(known_titled, on=[*ARTICLE, "key", "titled"], how="left")
    )
    others = _resolve_others(names.filter(~pl.col("is_person")), _also_called(spans)).join(titles, on=[*ARTICLE, "key"])
    return (
        pl.concat([persons, others], how="diagonal")
        .select(*ARTICLE, "key", "titled", "entity")
        .unnest("entity")
        .rename({"sure": "probability"})
    )


def _places_of_a_name(spans: pl.DataFrame, names: pl.DataFrame, look_up: LookUp) -> pl.DataFrame:
    """The names that the article uses of a place while only a company is known by them: "the Amazon". A building that
    is known for who works there is both."""
    found = look_up(names["key"])
    known = found.filter(pl.col("via") == "name").group_by("key").agg(is_known=(pl.col("type") == "LOC").any())
    return (
        names.filter(pl.col("type") == "LOC", "is_word")
        .join(spans.filter(pl.col("before").str.contains(WITH_ARTICLE)), on=[*ARTICLE, "key"], how="semi")
        .join(known.filter(~pl.col("is_known")), on="key", how="semi")
        .join(found.filter(pl.col("via") == "place"), on="key", how="anti")
        .select(*ARTICLE, "key", "is_person")
    )


def _voted(votes: pl.DataFrame, types: pl.DataFrame) -> pl.DataFrame:
    """One row per article and key: the type that most mentions of the name have, by the reader's probabilities.

    A name known only as something else is that: "Kremlin" read as a person, "Hillary Clinton" as an organisation. One
    word is spared where the article has a person of that name: "Jordan", "Ira".
    """
    in_names = (
        votes.filter(_is_person(), pl.col("key").str.contains(" "))
        .select(*ARTICLE, key=pl.col("key").str.split(" "))
        .explode("key", empty_as_null=False, keep_nulls=False)
        .unique()
        .with_columns(in_name=pl.lit(True))
    )
    is_spared = _is_person() & pl.col("in_name").fill_null(False)
    return (
        votes.group_by(*ARTICLE, "key", "type")
        .agg(pl.col("weight").sum().round(6))
        .group_by(*ARTICLE, "key")
        .agg(pl.col("type").sort_by("weight", "type", descending=[True, False]).first())
        .with_columns(is_person=_is_person())
        .join(types, on=["key", "is_person"], how="left")
        .join(
            types.with_columns(~pl.col("is_person")).rename({"known": "known_as"}), on=["key", "is_person"], how="left"
        )
        .join(in_names, on=[*ARTICLE, "key"], how="left")
        .with_columns(
            type=pl.when(pl.col("known").is_null(), pl.col("known_as").is_not_null(), ~is_spared)
            .then("known_as")
            .otherwise("type")
        )
        .select(*ARTICLE, "key", "type")
    )


def _name_parts(persons: pl.DataFrame) -> pl.DataFrame:
    """What a full name is shortened to: its last one, two or three words (`is_given` false), or its given name."""
    names = persons.select(*ARTICLE, full="key", words=_words())
    return pl.concat(
        names.filter(pl.col("words").list.len() > max(last, 1)).select(
            *ARTICLE,
            "full",
            part=(pl.col("words").list.tail(last) if last else pl.col("words").list.head(1)).list.join(" "),
            is_given=pl.lit(last == 0),
        )
        for last in (0, 1, 2, 3)
    )


def _words() -> pl.Expr:
    """The words of a person's key, without `jr`."""
    return pl.col("key").str.replace(rf" {GENERATION}$", "").str.split(" ")


def _merge_full_names(full: pl.DataFrame) -> pl.DataFrame:
    """The entity of each full name: "Donald J. Trump" and "Donald Trump" are one, two different initials are two.

    A name that several known people bear stays apart: "George Bush" beside "George W. Bush".
    """
    person = [*ARTICLE, "given", "last", "generation"]
    known_id = pl.col("known").struct.field("entity_id")
    is_one = (pl.col("middle").drop_nulls().n_unique().over(person) <= 1) & (
        known_id.drop_nulls().n_unique().over(person) <= 1
    )
    is_several = pl.col("own").struct.field("method") == "ambiguous"
    return (
        full.with_columns(
            given=_words().list.first(),
            last=_words().list.last(),
            middle=_words().list.slice(1, _words().list.len() - 2).list.first().str.head(1),
            generation=pl.col("key").str.extract(rf" ({GENERATION})$").fill_null(""),
            length=pl.col("key").str.len_chars(),
        )
        .with_columns(is_one=is_one & ~is_several)
        .with_columns(
            known=pl.when("is_one").then(pl.col("known").drop_nulls().first().over(person)).otherwise("known"),
            own=pl.when("is_one").then(pl.col("own").sort_by("length", "key").first().over(person)).otherwise("own"),
            start=pl.when("is_one").then(pl.col("start").min().over(person)).otherwise("start"),
        )
        .select(*ARTICLE, "key", "start", entity=pl.coalesce("known", "own"))
        .pipe(_cut_short)
    )


def _cut_short(full: pl.DataFrame) -> pl.DataFrame:
    """A full name of which the article has one longer is that: "Ola Sund" of "Ola Sund Berg"."""
    words = pl.col("key").str.split(" ")
    longer = (
        full.filter(~pl.col("key").str.contains(rf" {GENERATION}$"))
        .with_columns(key=pl.when(words.list.len() > 2).then(words.list.head(2).list.join(" ")))
        .filter(pl.col("key").str.contains(r"\p{L}{2}.* \p{L}{2}"))
        .pipe(_only, "key")
    )
    is_unknown = pl.col("entity").struct.field("wikidata_id").is_null()
    return (
        full.join(longer, on=[*ARTICLE, "key"], how="left", maintain_order="left")
        .with_columns(entity=pl.when(is_unknown).then(pl.coalesce("long", "entity")).otherwise("entity"))
        .drop("long")
    )


def _resolve_persons(names: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """One row per article, key and title of the names of persons: full names, then what they are shortened to."""
    parts = _name_parts(names)
    shortened = parts.filter(~pl.col("is_given")).select(*ARTICLE, key="part").unique()
    is_full = ~pl.col("is_word") & (pl.col("known").is_not_null() | pl.col("is_shortened").is_null())
    full = _merge_full_names(
        names.join(shortened.with_columns(is_shortened=pl.lit(True)), on=[*ARTICLE, "key"], how="left").filter(is_full)
    )
    short = (
        names.drop("is_late", "is_regnal")
        .join(full, on=[*ARTICLE, "key"], how="anti")
        .join(titles, on=[*ARTICLE, "key"])
    )

    # Who is known by another short name bears a surname too: "Hillary" is a Clinton.
    known = pl.col("known").struct
    bearers = names.filter(
        pl.col("is_word"),
        key(known.field("name")).str.contains(" "),
        ~key(known.field("name")).str.contains(pl.format(r" {}$", pl.col("key"))),
    ).select(
        *ARTICLE,
        full=key(known.field("name")),
        part=key(known.field("name")).str.extract(r" (\S+)$"),
        is_given=pl.lit(False),
        start="start",
        entity="known",
    )

    candidates = (
        pl.concat([parts.join(full, left_on=[*ARTICLE, "full"], right_on=[*ARTICLE, "key"]), bearers], how="diagonal")
        .join(names.select(*ARTICLE, "is_late", "is_regnal", full="key"), on=[*ARTICLE, "full"], how="left")
        .group_by(*ARTICLE, "is_given", key="part", candidate_id=pl.col("entity").struct.field("entity_id"))
        .agg(
            pl.col("is_late", "is_regnal").any(),
            candidate=pl.col("entity").sort_by("full").first(),
            since=pl.col("start").min(),
        )
        .join(
            names.filter("is_word", "is_regnal").select(*ARTICLE, "key", is_king=pl.lit(True)),
            on=[*ARTICLE, "key"],
            how="left",
        )
        # A king is called by his given name.
        .filter(pl.col("is_king").is_null() | (pl.col("is_given") & pl.col("is_regnal")))
    )
    surname = pl.col("fits") & ~pl.col("is_given")
    surnames, givens, since = pl.col("surnames").list, pl.col("givens").list, pl.col("since").list
    is_only = (surnames.len() == 1) & (
        # The bare name may be better known as someone else's, until the article says whose it is.
        pl.col("known").is_null()
        | (surnames.first().struct.field("entity_id") == known.field("entity_id"))
        | (since.first() <= pl.col("start"))
    )
    # Whom the name would have meant instead: the known one, or the next who bears it.
    other = (
        pl.when(surnames.len() == 1)
        .then(
            pl.when(known.field("entity_id") != _id(surnames.first()))
            .then(known.field("entity_id"))
            .otherwise(known.field("runner_up_id"))
        )
        .when(_id(surnames.first()) != known.field("entity_id"))
        .then(_id(surnames.first()))
        .otherwise(_id(surnames.get(1, null_on_oob=True)))
    )
    second = since.get(1, null_on_oob=True)
    is_first = (surnames.len() > 1) & (
        (second - since.first() >= INTRODUCED_ALONE)
        # Or the bare surname is already theirs when the second bearer comes.
        | ((since.first() <= pl.col("start")) & (pl.col("start") < second))
    )
    # Of several whom the name may mean, the one whom the article speaks for has to be the one whom it names first.
    is_likeliest = (known.field("sure") == KNOWN_CHOSEN).fill_null(False)
    resolved = (
        short.join(candidates, on=[*ARTICLE, "key"], how="left")
        # "Mrs. Clinton" is no man's name; where a title or a gender is not known, any fits.
        .with_columns(
            fits=pl.col("candidate").struct.field("gender").eq(pl.col("titled")).fill_null(True)
            & pl.col("candidate_id").is_not_null()
        )
        .sort("since", "candidate_id")
        .group_by(*ARTICLE, "key", "titled", maintain_order=True)
        .agg(
            pl.col("start", "known", "own", "known_titled").first(),
            since=pl.col("since").filter(surname),
            surnames=pl.col("candidate").filter(surname),
            living=pl.col("candidate").filter(surname & ~pl.col("is_late")),
            givens=pl.col("candidate").filter("fits", "is_given"),
            is_chosen=(~pl.col("fits") & ~pl.col("is_given")).any(),
        )
        .with_columns(known=pl.when(pl.col("titled").is_null()).then("known").otherwise("known_titled"))
        .with_columns(
            entity=pl.when(is_only)
            .then(_as(surnames.first(), "surname", pl.when("is_chosen").then(SURNAME_CHOSEN).otherwise(SURNAME), other))
            .when(surnames.len() > 1, pl.col("known").is_not_null(), ~is_likeliest)
            .then(_as(pl.col("known"), "surname", SURNAME_CHOSEN, other))
            .when(is_first)
            .then(_as(surnames.first(), "surname", SURNAME_CHOSEN, _id(surnames.get(1, null_on_oob=True))))
            .when(surnames.len() > 1, _id(surnames.first()) == known.field("entity_id"))
            .then(_as(pl.col("known"), "surname", SURNAME_CHOSEN, other))
            # Of a father who is dead and a son it is the son who goes on.
            .when(surnames.len() > 1, pl.col("living").list.len() == 1)
            .then(_as(pl.col("living").list.first(), "surname", SURNAME_CHOSEN, other))
            .when(surnames.len() > 1)
            .then(_as(pl.col("own"), "ambiguous", OWN_SHORT, _id(surnames.first())))
            .when(pl.col("known").is_not_null())
            .then("known")
            .when(surnames.len() == 0, givens.len() == 1)
            .then(_as(givens.first(), "name", GIVEN_NAME))
            .otherwise("own")
        )
    )
    return pl.concat([full.join(titles, on=[*ARTICLE, "key"]), resolved], how="diagonal")


def _id(entity: pl.Expr) -> pl.Expr:
    return entity.struct.field("entity_id")


def _also_called(spans: pl.DataFrame) -> pl.DataFrame:
    """One row per article and second name (`key`) of a thing, with its first name (`first`), where the text says that
    they are two names of one: "the Workers' Party (WP)", "the Mill, also known as the Old Works"."""
    following = {name: pl.col(name).shift(-1).over(ARTICLE) for name in ("start", "key", "label", "type", "after")}
    pairs = (
        spans.sort(SPAN)
        .with_columns(**{f"{name}_next": value for name, value in following.items()})
        .with_columns(between=pl.col("after").str.head(pl.max_horizontal(pl.col("start_next") - pl.col("end"), 0)))
        .filter(pl.col("between").str.len_chars() == pl.col("start_next") - pl.col("end"))
    )
    is_short, is_short_next = (pl.col(label).str.contains(ACRONYM_FORM) for label in ("label", "label_next"))
    in_brackets = (
        pl.col("between").str.contains(r"^\s?\([“\"‘]?(?i:" + one_of("article") + r"\s)?$")
        & pl.col("after_next").str.contains(r"^[”\"’]?[),;]")
        & (is_short != is_short_next)
        & ~pl.col("type").is_in(["PER", "LOC"])
        & ~pl.col("type_next").is_in(["PER", "LOC"])
    )
    in_words = (
        pl.col("between").str.contains(ALSO)
        & pl.col("after_next").str.contains(r"^[”\"’]?(?:[,.;)]|$)")
        & (~_is_person() & (pl.col("type_next") != "PER"))
    )
    second = pl.when(is_short & in_brackets).then("key").otherwise("key_next")
    first = pl.when(is_short & in_brackets).then("key_next").otherwise("key")
    return (
        pairs.filter((in_brackets | in_words) & (pl.col("key") != pl.col("key_next")))
        .select(*ARTICLE, key=second, first=first, is_spelt_out=in_brackets)
        .unique([*ARTICLE, "key"], keep="first", maintain_order=True)
    )


def _resolve_others(names: pl.DataFrame, also: pl.DataFrame) -> pl.DataFrame:
    """One row per article and key of the names of organisations, places and the rest.

    A second name that the article itself gives is the first's, whatever the world knows by it (`also`). Else an
    acronym that no one knows is its expansion in the article, where there is one; a short name is the one longer name
    that ends with it, or begins with it (an organisation): "the Times".
    """
    names = names.with_columns(
        initials=pl.when(~pl.col("is_word")).then(
            pl.col("label").str.extract_all(r"\b\p{Lu}").list.join("").str.to_lowercase()
        ),
        acronym=pl.when(pl.col("label").str.contains(r"^(?:\p{Lu}\.?){2,6}$")).then("key"),
        form=_form(pl.col("key")),
    )
    # "U.S. Mint" and "United States Mint", "Health Ministry" and "Ministry of Health" are one.
    form = [*ARTICLE, "form", pl.col("own").struct.field("type")]
    known_form = pl.col("known").drop_nulls()
    names = names.with_columns(
        entity=pl.coalesce(
            "known",
            pl.when(known_form.struct.field("entity_id").n_unique().over(form) == 1).then(
                known_form.first().over(form)
            ),
            pl.col("own").sort_by("start", "key").first().over(form),
        )
    )
    long = _only(
        names.filter(pl.col("initials").str.len_chars() > 1).select(*ARTICLE, "entity", acronym="initials"), "acronym"
    )
    type_ = pl.col("own").struct.field("type")
    words = pl.col("key").str.split(" ")
    longer = names.filter(~pl.col("is_word")).select(*ARTICLE, "entity", words=words, type=type_)
    parts = pl.concat(
        longer.filter(
            (pl.col("type") == "ORG") | at_end,
            pl.col("words").list.len() > size,
        ).select(
            *ARTICLE,
            "entity",
            "type",
            key=(pl.col("words").list.tail(size) if at_end else pl.col("words").list.head(size)).list.join(" "),
        )
        for size in (1, 2, 3, 4)
        for at_end in (False, True)
    )
    whole = _only(parts, "key", "type").rename({"long": "whole"})
    resolved = (
        names.with_columns(type=type_)
        .join(long, on=[*ARTICLE, "acronym"], how="left")
        .join(whole, on=[*ARTICLE, "key", "type"], how="left")
        # "the Peninsula" is one that the article has named; a bare "Hall" is another.
        .with_columns(whole=pl.when((type_ == "ORG") | ~pl.col("is_word") | pl.col("has_article")).then("whole"))
        .with_columns(
            entity=pl.coalesce(
                "known",
                _as(pl.col("long"), "acronym", ACRONYM),
                _as(pl.col("whole"), "name", SHORT_NAME),
                "entity",
            )
        )
    )
    first = resolved.select(*ARTICLE, first="key", first_entity="entity", words=words)
    # What the world knows by an acronym stays where the article spells out nearly the same.
    known_words = key(pl.col("known").struct.field("name")).str.split(" ").list
    is_same = known_words.set_intersection("words").list.len() * 2 > known_words.len()
    is_other = (
        pl.when(pl.col("known").is_null()).then(pl.col("long").is_null()).otherwise(pl.col("is_spelt_out") & ~is_same)
    )
    return resolved.join(also.join(first, on=[*ARTICLE, "first"]), on=[*ARTICLE, "key"], how="left").with_columns(
        entity=pl.coalesce(pl.when(is_other).then(_as(pl.col("first_entity"), "acronym", ACRONYM)), "entity")
    )


def _form(keys: pl.Expr) -> pl.Expr:
    """The key of a body's name as it is where its country is written out or left short, and its kind stands last."""
    for short, whole in written_out().items():
        keys = keys.str.replace(rf"^{short} ", f"{whole} ")
    return keys.str.replace(rf"^(.* )?({one_of('kinds_of_offices')}) (?:of|for) (?:the )?(.+)$", "${1}${3} ${2}")


def _only(longer: pl.DataFrame, *short: str) -> pl.DataFrame:
    """The short names of an article that only one of the longer names is cut to, with that one as `long`."""
    return (
        longer.group_by(*ARTICLE, *short)
        .agg(pl.col("entity").sort_by(_id(pl.col("entity"))).first().alias("long"), n=_id(pl.col("entity")).n_unique())
        .filter(pl.col("n") == 1)
        .drop("n")
    )
