"""Which entity each mention and each speaker refers to.

Within an article names are chained: full name, surname, acronym; across articles a name is looked up among the known
entities, else it gets an id of its own from its letters alone, so that neither the order of days nor other articles
change it. What is not sure is left apart rather than guessed: precision first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import dataframely as dy
import polars as pl

from pipeline.schemas import MENTION_TYPES, Articles, Entities, Gazetteer, Mentions, Statements
from pipeline.settings import KnownEntity

ARTICLE: Final = ["day", "article_id"]
SPAN: Final = [*ARTICLE, "start", "end"]
ENTITY: Final = ["entity_id", "name", "type", "wikidata_id", "gender"]

# How sure each way of resolving is: judged by reading resolved rows of real articles, not yet calibrated.
KNOWN_FULL = 0.95  # a known name of two words or more
KNOWN_SHORT = 0.85  # a known name of one word: Trump, Congress
DEMONYM = 0.9
OWN_FULL = 0.9  # a name that no one knows, whole: it can only be itself
OWN_SHORT = 0.5  # a surname whose full name the article never gives
SURNAME = 0.9  # the one full name of the article with that surname
SURNAME_CHOSEN = 0.75  # one of several: see INTRODUCED_ALONE; told apart by Mr. or Mrs.; or known by the bare surname
GIVEN_NAME = 0.7
ACRONYM = 0.9
SPEAKER = 0.95  # the head of the speaker span is the mention: times the mention's own
SPOKESMAN = 0.7  # "a White House official": the organisation speaks, through someone
PRONOUN_ALONE = 0.8  # the sentence that the pronoun looks back to names one person
PRONOUN_CHOSEN = 0.6  # it names several who could be meant, and the one who speaks or comes first is taken

# Characters back to the name that a pronoun stands for: three paragraphs of a news text. Beyond, it is a guess.
PRONOUN_REACH = 600
# Characters by which one bearer of a surname is named before the next for the bare surname to be theirs: the press
# names the one a story is about first, and goes on naming the other in full. In 57 articles of 2016 that name both
# Clintons this took 94 % of the bare surnames where it is right, and 16 % where it may not be.
INTRODUCED_ALONE = 500
# Characters of the body read on each side of a span: the longest title, a possessive and the next word.
CONTEXT = 24

TITLES: Final = (
    "adm|ambassador|attorney general|capt|captain|chair|chairman|chairwoman|chancellor|chief|col|colonel|"
    "congressman|congresswoman|dr|director|general|gen|gov|governor|govs|house speaker|judge|justice|king|lady|"
    "lieutenant|lt|maj|mayor|minister|miss|mr|mrs|ms|president|prime minister|prince|princess|prof|professor|queen|rep|"
    "representative|reps|rev|reverend|secretary of state|secretary|sen|senator|sens|sgt|sheriff|sir|speaker|"
    "spokesman|spokeswoman|vice president"
)
TITLE = rf"(?:(?:former |ex-)?(?:{TITLES})(?:[ -]elect)?\.?(?:\s+|$))"
SHE_TITLE = r"\b(?:Mrs|Ms|Miss|Congresswoman|Queen|Princess|Lady)\.?\s+$"
HE_TITLE = r"\b(?:Mr|Congressman|King|Prince|Sir)\.?\s+$"
GENERATION = r"(?:jr|sr|ii|iii|iv)"

HE = r"^(?:[Hh]e|[Hh]im|[Hh]is|[Hh]imself)$"
SHE = r"^(?:[Ss]he|[Hh]ers?|[Hh]erself)$"
# A span that names nothing: a pronoun without a person of its own, an article. "US" is a name, "us" is not.
NO_NAME = (
    r"^(?:[Ii]|[Mm]e|[Mm]y|[Ww]e|[Uu]s|[Oo]urs?|[Yy]ou|[Yy]our|[Tt]hey|[Tt]hem|[Tt]heir|[Ii]t|[Ii]ts|[Ww]ho|[Ww]hom|"
    r"[Tt]his|[Tt]hat|[Tt]hese|[Tt]hose|[Tt]he|[Aa]n?)$"
)

# Words that may follow the name of a speaker without making it a modifier: "Trump himself", not "Trump aides".
AFTER_A_NAME = (
    r"^(?:a|an|and|as|at|but|during|for|from|himself|herself|in|itself|later|now|of|on|or|recently|the|then|though|"
    r"through|to|told|under|via|when|where|while|who|whose|with)$"
)
# A name after these belongs to someone or something else: "supporters of Clinton", "who backs Clinton".
BEFORE_ANOTHER = (
    r"(?i)(?:\b(?:about|against|at|before|behind|by|for|from|in|like|near|of|on|over|than|to|toward|under|with|within)\s+"
    rf"(?:(?:the|a|an|his|her|its|their|then|presumptive|presidential|republican|democratic|gop|candidate|nominee|"
    rf"front-runner|rival|billionaire|businessman)\s+|{TITLE})*$)|\b(?:who|whose|whom|which|that)\b"
)
SPOKEN_FOR = (
    r"(?i)^\s+(?:[\w-]+\s+){0,2}?(?:spokes\w+|officials?|statements?|press release|report|lawyers?|leaders?|"
    r"representatives?|sources?|press secretary)\b"
)
SPEAKS_FOR = (
    r"(?i)\b(?:spokes\w+|officials?|statements?|report|lawyers?|leaders?|representatives?|sources?)\s+"
    r"(?:for|of|at|from|with|in|by)\s+(?:the\s+)?$"
)
# A full stop that ends no sentence.
ABBREVIATION = r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Sen|Sens|Rep|Reps|Gov|Gen|Lt|Col|Capt|Adm|Rev|Jr|Sr|St|vs|No|Inc|Corp|Co)\."
SENTENCE_END = r"[.!?][”’\"')]*\s|\n"


def resolve_entities(
    articles: dy.DataFrame[Articles],
    mentions: dy.DataFrame[Mentions],
    statements: dy.DataFrame[Statements],
    known: tuple[KnownEntity, ...],
    gazetteer: dy.DataFrame[Gazetteer],
) -> dy.DataFrame[Entities]:
    """Every mention that names something, and every speaker span beside them that can be told, with its entity.

    An entity that the operator knows goes before the gazetteer's. A speaker that is a description ("two aides"), and a
    pronoun without a sure person, has no row.
    """
    look_up = _known_names(known, gazetteer)
    spans = _clean_names(articles, mentions)
    names = _resolve_names(articles, spans, look_up)
    resolved = spans.drop("type", "probability").join(names, on=[*ARTICLE, "key", "titled"], nulls_equal=True)
    resolved = resolved.sort(SPAN)
    speakers = _resolve_speakers(statements, resolved)
    pronouns = _resolve_pronouns(articles, mentions, statements, resolved, speakers, _given_names(gazetteer))
    relatives = _resolve_relatives(statements, resolved)
    return (
        pl.concat(frame.select(Entities.column_names()) for frame in (resolved, speakers, pronouns, relatives))
        .sort(SPAN)
        .pipe(Entities.validate, cast=True)
    )


# --- names -----------------------------------------------------------------------------------------------------------


def _key(name: pl.Expr) -> pl.Expr:
    """The letters of a name: case, accents, points, apostrophes, hyphens and a leading `the` set aside."""
    return (
        name.str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_all(r"[\p{M}.'’‘]", "")
        .str.replace_all(r"[^\p{L}\p{N}&]+", " ")
        .str.strip_chars()
        .str.replace(r"^the ", "")
    )


def _is_person(type_: str = "type") -> pl.Expr:
    return pl.col(type_) == "PER"


def _known_names(known: Sequence[KnownEntity], gazetteer: pl.DataFrame) -> pl.DataFrame:
    """One row per key and kind (person or not) that means one entity: the operator's before the gazetteer's."""
    operator = pl.DataFrame(
        [
            (e.wikidata_id or e.id, e.name, e.type, e.wikidata_id, [e.name, *e.aliases])
            for e in sorted(known, key=lambda e: e.id)
        ],
        schema={
            "entity_id": pl.String,
            "name": pl.String,
            "type": pl.Enum(MENTION_TYPES),
            "wikidata_id": pl.String,
            "aliases": pl.List(pl.String),
        },
        orient="row",
    )
    ranked = [frame.with_columns(rank=pl.lit(rank)) for rank, frame in enumerate([operator, gazetteer])]
    entities = pl.concat(ranked, how="diagonal").with_columns(
        # Both may know an entity, by its Wikidata id: then it has the operator's name.
        pl.col("name", "type").first().over("entity_id", order_by="rank"),
        pl.col("gender").drop_nulls().first().over("entity_id"),
    )
    names = pl.concat(
        entities.select(*ENTITY, method=pl.lit(method), alias=pl.col(column), order=pl.col("rank") + 2 * first).explode(
            "alias", empty_as_null=False, keep_nulls=False
        )
        for first, (method, column) in enumerate([("known", "aliases"), ("demonym", "demonyms")])
    )
    # A name of several entities means none of them, unless the operator says which.
    return (
        names.with_columns(key=_key(pl.col("alias")), is_person=_is_person())
        .filter(pl.col("order") == pl.col("order").min().over("key", "is_person"))
        .filter(pl.col("entity_id").n_unique().over("key", "is_person") == 1)
        .unique(["key", "is_person"], keep="first", maintain_order=True)
        .select("key", "alias", "is_person", *ENTITY, "method")
    )


def _given_names(gazetteer: pl.DataFrame) -> pl.DataFrame:
    """One row per given name that only women or only men of the gazetteer bear."""
    return (
        gazetteer.filter(_is_person(), pl.col("gender").is_not_null())
        .select("gender", given=_key(pl.col("name")).str.split(" ").list.first())
        .filter(pl.col("gender").n_unique().over("given") == 1)
        .unique("given", keep="first", maintain_order=True)
    )


def _clean_names(articles: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """The mentions with their bare name (`label`), its `key`, and the gender of a title before it (`titled`)."""
    before = pl.col("body").str.slice(
        pl.max_horizontal(pl.col("start") - CONTEXT, 0), pl.min_horizontal("start", CONTEXT)
    )
    label = (
        pl.col("text").str.replace_all(r"\s+", " ").str.replace(r"['’](?:s|S)?$", "").str.strip_chars(" \"“”‘’',;:()[]")
    )
    untitled = label.str.replace(rf"^(?i){TITLE}+", "")
    return (
        mentions.filter(~pl.col("text").str.contains(f"{NO_NAME}|{HE}|{SHE}"))
        .join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .with_columns(
            label=pl.when(_is_person()).then(untitled).otherwise(label),
            is_possessive=pl.col("text").str.contains(r"['’]s$")
            | pl.col("body").str.slice(pl.col("end"), 2).is_in(["'s", "’s"]),
            # The title may stand in the span or before it.
            titled_text=before + pl.col("text").str.extract(rf"^((?i){TITLE}+)").fill_null(""),
        )
        .with_columns(
            key=_key(pl.col("label")),
            titled=pl.when(pl.col("titled_text").str.contains(SHE_TITLE))
            .then(pl.lit("f"))
            .when(pl.col("titled_text").str.contains(HE_TITLE))
            .then(pl.lit("m")),
        )
        # A title alone, or signs, is no name.
        .filter(pl.col("key") != "")
        .drop("body", "titled_text")
    )


def _own_id(type_: pl.Expr, key: pl.Expr) -> pl.Expr:
    """The id of a name that no one knows: from its type and letters alone. Initials in the middle are left out."""
    letters = pl.when(type_ == "PER").then(key.str.replace_all(r" \p{L} ", " ")).otherwise(key)
    return pl.concat_str(type_.cast(pl.String).str.to_lowercase(), letters.str.replace_all(" ", "-"), separator="-")


def _entity(values: dict[str, pl.Expr], method: str | pl.Expr, probability: float | pl.Expr) -> pl.Expr:
    """One way to resolve a name, as a struct."""
    method = pl.lit(method) if isinstance(method, str) else method
    sure = pl.lit(probability) if isinstance(probability, float) else probability
    return pl.struct(
        *(value.alias(column) for column, value in values.items()), method.alias("method"), sure.alias("sure")
    )


def _resolve_names(articles: pl.DataFrame, spans: pl.DataFrame, look_up: pl.DataFrame) -> pl.DataFrame:
    """One row per article, key and title: the entity that the name means there, how it was found and how surely."""
    votes = spans.group_by(*ARTICLE, "key", "type").agg(weight=pl.col("probability").cast(pl.Float64).sum().round(6))
    # A surname is what the full names that end in it are: "Clinton" read as a place beside "Hillary Clinton".
    surname_votes = (
        _name_parts(_voted(votes, look_up).filter(_is_person()))
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
    )
    known = look_up.select(
        "key",
        "alias",
        "is_person",
        known=_entity(
            {c: pl.col(c) for c in ENTITY},
            pl.col("method"),
            pl.when(pl.col("method") == "demonym")
            .then(DEMONYM)
            .when(pl.col("key").str.contains(" "))
            .then(KNOWN_FULL)
            .otherwise(KNOWN_SHORT),
        ),
    )
    # A span with too much in it, "Russian President Vladimir Putin", is known by its last words.
    last_words = pl.when("is_person").then(pl.col("key").str.extract(r" (\S+ \S+)$"))
    names = (
        _voted(pl.concat([votes, surname_votes], how="diagonal"), look_up)
        .join(labels, on=[*ARTICLE, "key"])
        .with_columns(is_person=_is_person(), is_word=~pl.col("key").str.contains(" "))
        .with_columns(last_words=last_words)
        .join(known.drop("alias"), on=["key", "is_person"], how="left")
        .join(
            known.drop("alias"),
            left_on=["last_words", "is_person"],
            right_on=["key", "is_person"],
            how="left",
            suffix="_by_last",
        )
        .with_columns(
            known=pl.coalesce("known", "known_by_last"),
            own=_entity(
                {"entity_id": _own_id(pl.col("type"), pl.col("key")), "name": pl.col("label"), "type": pl.col("type")}
                | {"wikidata_id": pl.lit(None, pl.String), "gender": pl.lit(None, pl.Enum(["f", "m"]))},
                "name",
                pl.when("is_word", "is_person").then(OWN_SHORT).otherwise(OWN_FULL),
            ),
        )
        .select(*ARTICLE, "key", "label", "start", "is_person", "is_word", "known", "own")
    )
    titles = spans.select(*ARTICLE, "key", "titled").unique()
    persons = names.filter("is_person")
    persons = _resolve_persons(pl.concat([persons, _missed_names(articles, persons, known)], how="diagonal"), titles)
    others = _resolve_others(names.filter(~pl.col("is_person"))).join(titles, on=[*ARTICLE, "key"])
    return (
        pl.concat([persons, others], how="diagonal")
        .select(*ARTICLE, "key", "titled", "entity")
        .unnest("entity")
        .rename({"sure": "probability"})
    )


def _missed_names(articles: pl.DataFrame, persons: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The known persons whose full name the article prints and the reader missed, as names of the article.

    Only those whose surname the reader found: "Clinton" in an article that says "Hillary Clinton" once.
    """
    return (
        persons.filter("is_word")
        .select(*ARTICLE, surname="key")
        .join(
            known.filter("is_person", pl.col("key").str.contains(" ")).with_columns(
                surname=pl.col("key").str.extract(r"(\S+)$")
            ),
            on="surname",
        )
        .join(persons, on=[*ARTICLE, "key"], how="anti")
        .join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .with_columns(start=pl.col("body").str.find(pl.col("alias"), literal=True).cast(pl.Int64))
        .filter(pl.col("start").is_not_null())
        .select(*ARTICLE, "key", "start", "known", is_word=pl.lit(False))
    )


def _voted(votes: pl.DataFrame, look_up: pl.DataFrame) -> pl.DataFrame:
    """One row per article and key: the type that most mentions of the name have, by the reader's probabilities.

    A name known only as something else is that: "Kremlin" read as a person, "Hillary Clinton" as an organisation.
    Places of one word are spared, for many a person is called Jordan.
    """
    known = look_up.filter(pl.col("method") == "known").select("key", "is_person", known="type")
    is_spared = _is_person() & (pl.col("known_as") != "ORG") & ~pl.col("key").str.contains(" ")
    return (
        votes.group_by(*ARTICLE, "key", "type")
        .agg(pl.col("weight").sum().round(6))
        .group_by(*ARTICLE, "key")
        .agg(pl.col("type").sort_by("weight", "type", descending=[True, False]).first())
        .with_columns(is_person=_is_person())
        .join(known, on=["key", "is_person"], how="left")
        .join(
            known.with_columns(~pl.col("is_person")).rename({"known": "known_as"}), on=["key", "is_person"], how="left"
        )
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
    """The entity of each full name: "Donald J. Trump" and "Donald Trump" are one, two different initials are two."""
    person = [*ARTICLE, "given", "last", "generation"]
    known_id = pl.col("known").struct.field("entity_id")
    is_one = (pl.col("middle").drop_nulls().n_unique().over(person) <= 1) & (
        known_id.drop_nulls().n_unique().over(person) <= 1
    )
    return (
        full.with_columns(
            given=_words().list.first(),
            last=_words().list.last(),
            middle=_words().list.slice(1, _words().list.len() - 2).list.first().str.head(1),
            generation=pl.col("key").str.extract(rf" ({GENERATION})$").fill_null(""),
            length=pl.col("key").str.len_chars(),
        )
        .with_columns(is_one=is_one)
        .with_columns(
            known=pl.when("is_one").then(pl.col("known").drop_nulls().first().over(person)).otherwise("known"),
            own=pl.when("is_one").then(pl.col("own").sort_by("length", "key").first().over(person)).otherwise("own"),
            start=pl.when("is_one").then(pl.col("start").min().over(person)).otherwise("start"),
        )
        .select(*ARTICLE, "key", "start", entity=pl.coalesce("known", "own"))
    )


def _resolve_persons(names: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """One row per article, key and title of the names of persons: full names, then what they are shortened to."""
    parts = _name_parts(names)
    shortened = parts.filter(~pl.col("is_given")).select(*ARTICLE, key="part").unique()
    is_full = ~pl.col("is_word") & (pl.col("known").is_not_null() | pl.col("is_shortened").is_null())
    full = _merge_full_names(
        names.join(shortened.with_columns(is_shortened=pl.lit(True)), on=[*ARTICLE, "key"], how="left").filter(is_full)
    )
    short = names.join(full, on=[*ARTICLE, "key"], how="anti").join(titles, on=[*ARTICLE, "key"])

    candidates = (
        parts.join(full, left_on=[*ARTICLE, "full"], right_on=[*ARTICLE, "key"])
        .group_by(*ARTICLE, "is_given", key="part", candidate_id=pl.col("entity").struct.field("entity_id"))
        .agg(candidate=pl.col("entity").sort_by("full").first(), since=pl.col("start").min())
    )
    known, surname = pl.col("known").struct, pl.col("fits") & ~pl.col("is_given")
    surnames, givens, since = pl.col("surnames").list, pl.col("givens").list, pl.col("since").list
    is_only = (surnames.len() == 1) & (
        # The bare name may be better known as someone else's, until the article says whose it is.
        pl.col("known").is_null()
        | (surnames.first().struct.field("entity_id") == known.field("entity_id"))
        | (since.first() <= pl.col("start"))
    )
    is_first = (surnames.len() > 1) & (since.get(1, null_on_oob=True) - since.first() >= INTRODUCED_ALONE)
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
            pl.col("start", "known", "own").first(),
            since=pl.col("since").filter(surname),
            surnames=pl.col("candidate").filter(surname),
            givens=pl.col("candidate").filter("fits", "is_given"),
            is_chosen=(~pl.col("fits") & ~pl.col("is_given")).any(),
        )
        .with_columns(known=pl.when(known.field("gender").eq(pl.col("titled")).fill_null(True)).then("known"))
        .with_columns(
            entity=pl.when(is_only)
            .then(_as(surnames.first(), "surname", pl.when("is_chosen").then(SURNAME_CHOSEN).otherwise(SURNAME)))
            .when(surnames.len() > 1, pl.col("known").is_not_null())
            .then(_as(pl.col("known"), "surname", SURNAME_CHOSEN))
            .when(is_first)
            .then(_as(surnames.first(), "surname", SURNAME_CHOSEN))
            .when(pl.col("known").is_not_null())
            .then("known")
            .when(surnames.len() == 0, givens.len() == 1)
            .then(_as(givens.first(), "name", GIVEN_NAME))
            .otherwise("own")
        )
    )
    return pl.concat([full.join(titles, on=[*ARTICLE, "key"]), resolved], how="diagonal")


def _as(entity: pl.Expr, method: str, probability: float | pl.Expr) -> pl.Expr:
    """The same entity, resolved in another way; null where there is none."""
    return pl.when(entity.is_not_null()).then(_entity({c: entity.struct.field(c) for c in ENTITY}, method, probability))


def _resolve_others(names: pl.DataFrame) -> pl.DataFrame:
    """One row per article and key of the names of organisations, places and the rest.

    An acronym that no one knows is its expansion in the article, where there is one.
    """
    names = names.with_columns(
        initials=pl.when(~pl.col("is_word")).then(
            pl.col("label").str.extract_all(r"\b\p{Lu}").list.join("").str.to_lowercase()
        ),
        acronym=pl.when(pl.col("label").str.contains(r"^(?:\p{Lu}\.?){2,6}$")).then("key"),
    )
    names = names.with_columns(entity=pl.coalesce("known", "own"))
    long = (
        names.filter(pl.col("initials").str.len_chars() > 1)
        .group_by(*ARTICLE, key="initials")
        .agg(long=pl.col("entity").unique())
        .filter(pl.col("long").list.len() == 1)
        .select(*ARTICLE, pl.col("key").alias("acronym"), long=pl.col("long").list.first())
    )
    return names.join(long, on=[*ARTICLE, "acronym"], how="left").with_columns(
        entity=pl.coalesce("known", _as(pl.col("long"), "acronym", ACRONYM), "entity")
    )


# --- speakers --------------------------------------------------------------------------------------------------------


def _resolve_speakers(statements: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """One row per speaker span that is no mention but has one as its head, or is a name that the reader missed there.

    The head is a person who is no modifier ("Trump's manager", "Clinton aides") and belongs to no one else ("supporters
    of Clinton"), else a mention that is all of the span, else an organisation that speaks, itself or through someone.
    """
    spans = (
        statements.filter(pl.col("speaker").is_not_null(), ~pl.col("speaker").str.contains(f"{HE}|{SHE}"))
        .select(*ARTICLE, "speaker", start="speaker_start", end="speaker_end")
        .unique([*SPAN])
        .join(resolved, on=SPAN, how="anti")
    )
    pairs = spans.join(resolved, on=ARTICLE, suffix="_name").filter(
        pl.col("start_name") < pl.col("end"), pl.col("end_name") > pl.col("start")
    )
    before = pl.col("speaker").str.head(pl.max_horizontal(pl.col("start_name") - pl.col("start"), 0))
    after = pl.col("speaker").str.slice(pl.col("end_name") - pl.col("start"))
    next_word = pl.col("after").str.extract(r"^[\s\-–]+(\p{L}+)").str.to_lowercase()
    is_possessive = pl.col("after").str.contains(r"^['’]s?\s+\S") | (
        pl.col("text").str.contains(r"['’]s?$") & pl.col("after").str.contains(r"\S")
    )
    is_head = (
        next_word.str.contains(AFTER_A_NAME).fill_null(True)
        & ~is_possessive
        & ~pl.col("before").str.contains(BEFORE_ANOTHER)
    )
    is_whole = pl.col("before").str.contains(rf"^(?i)(?:the|\W|{TITLE})*$") & pl.col("after").str.contains(
        r"^(?:['’]s?)?\W*$"
    )
    through = pl.col("after").str.contains(SPOKEN_FOR) | pl.col("before").str.contains(SPEAKS_FOR)
    heads = (
        pairs.with_columns(before=before, after=after)
        .with_columns(
            rank=pl.when(_is_person() & is_head)
            .then(0)
            .when(is_whole)
            .then(1)
            .when((pl.col("type") == "ORG") & (pl.col("method") != "demonym") & (is_head | through))
            .then(2),
            sure=pl.when((pl.col("type") == "ORG") & through).then(SPOKESMAN).otherwise(SPEAKER),
        )
        .filter(pl.col("rank").is_not_null())
        .sort("rank", "start_name", "end_name")
        .unique(SPAN, keep="first", maintain_order=True)
    )
    # The reader may miss a name in one place that it found in another.
    missed = (
        spans.join(pairs, on=SPAN, how="anti")
        .with_columns(key=_key(pl.col("speaker").str.replace(rf"^(?i){TITLE}+", "").str.replace(r"['’]s?$", "")))
        .join(
            resolved.group_by(*ARTICLE, "key").agg(pl.col(*ENTITY, "probability").sort_by("start").first()),
            on=[*ARTICLE, "key"],
        )
        .with_columns(sure=pl.lit(SPEAKER))
    )
    return pl.concat([heads, missed], how="diagonal").with_columns(
        probability=pl.col("probability") * pl.col("sure"), method=pl.lit("speaker")
    )


def _resolve_pronouns(
    articles: pl.DataFrame,
    mentions: pl.DataFrame,
    statements: pl.DataFrame,
    resolved: pl.DataFrame,
    speakers: pl.DataFrame,
    given_names: pl.DataFrame,
) -> pl.DataFrame:
    """One row per `he` or `she` that speaks, or that the outlet says, with a sure person.

    It is looked for in the nearest sentence before that names one who fits. Of several in that sentence the one who
    speaks there is taken, else the first: the subject.
    """
    pronouns = (
        pl.concat(
            [
                statements.select(*ARTICLE, start="speaker_start", end="speaker_end", text="speaker"),
                mentions.filter(pl.col("statement_id").is_null()).select(*SPAN, "text"),
            ]
        )
        .with_columns(
            pronoun=pl.when(pl.col("text").str.contains(HE))
            .then(pl.lit("m"))
            .when(pl.col("text").str.contains(SHE))
            .then(pl.lit("f"))
        )
        .filter(pl.col("pronoun").is_not_null())
        .drop("text")
        .unique(SPAN)
    )
    spoken = pl.concat(
        [
            speakers.filter(pl.col("start_name").is_not_null()).select(*ARTICLE, start="start_name", end="end_name"),
            statements.select(*ARTICLE, start="speaker_start", end="speaker_end"),
        ]
    ).unique()
    persons = (
        # Only whom the outlet names, and not as "Clinton's": such a name is seldom who speaks next.
        resolved.filter(_is_person(), pl.col("statement_id").is_null(), ~pl.col("is_possessive"))
        .join(spoken.with_columns(speaks=pl.lit(True)), on=SPAN, how="left")
        .with_columns(given=_key(pl.col("name")).str.split(" ").list.first())
        .join(given_names.rename({"gender": "given_gender"}), on="given", how="left")
        .with_columns(
            gender=pl.coalesce(
                pl.col("gender").cast(pl.String),
                pl.col("titled").drop_nulls().first().over(*ARTICLE, "entity_id"),
                pl.col("given_gender").cast(pl.String),
            )
        )
        .select(*SPAN, *ENTITY, "speaks")
    )
    gap = pl.col("body").str.slice(
        pl.col("end").shift(1, fill_value=0).over(ARTICLE, order_by="start"),
        pl.max_horizontal(pl.col("start") - pl.col("end").shift(1, fill_value=0).over(ARTICLE, order_by="start"), 0),
    )
    anchors = (
        pl.concat([persons, pronouns.join(persons, on=ARTICLE, how="semi")], how="diagonal")
        .join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .sort(SPAN)
        .with_columns(ends=gap.str.replace_all(ABBREVIATION, "").str.contains(SENTENCE_END))
        .drop("body")
        .with_columns(sentence=pl.col("ends").cum_sum().over(ARTICLE))
    )
    side = [*ARTICLE, "pronoun"]
    named = pl.concat(
        anchors.filter(pl.col("entity_id").is_not_null(), pl.col("gender").eq(gender).fill_null(True)).with_columns(
            pronoun=pl.lit(gender)
        )
        for gender in ("f", "m")
    )
    meant = named.group_by(*side, "sentence").agg(
        pl.col(*ENTITY, "start").sort_by("speaks", "start", nulls_last=True).first().name.suffix("_meant"),
        persons=pl.col("entity_id").n_unique(),
    )
    return (
        anchors.filter(pl.col("entity_id").is_null())
        .select(*SPAN, "pronoun")
        .sort("start")
        .join_asof(
            named.select(*side, "sentence", named_at="start").sort("named_at"),
            left_on="start",
            right_on="named_at",
            by=side,
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .join(meant, on=[*side, "sentence"])
        .filter(
            pl.col("start_meant") < pl.col("start"),
            pl.col("start") - pl.col("named_at") <= PRONOUN_REACH,
            (pl.col("persons") == 1) | pl.col("gender_meant").is_not_null(),
        )
        .select(
            *SPAN,
            *(pl.col(f"{c}_meant").alias(c) for c in ENTITY),
            method=pl.lit("pronoun"),
            probability=pl.when(pl.col("persons") == 1, pl.col("gender_meant").is_not_null())
            .then(PRONOUN_ALONE)
            .otherwise(PRONOUN_CHOSEN),
        )
    )


def _resolve_relatives(statements: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """One row per speaker `who` right after the name of a person: "Lund, who says"."""
    relatives = (
        statements.filter(pl.col("speaker").str.to_lowercase() == "who")
        .select(*ARTICLE, start="speaker_start", end="speaker_end")
        .unique(SPAN)
    )
    persons = resolved.filter(_is_person()).select(*ARTICLE, *ENTITY, named_until="end")
    return (
        pl.concat(
            relatives.with_columns(named_until=pl.col("start") - gap).join(persons, on=[*ARTICLE, "named_until"])
            for gap in (len(" "), len(", "))
        )
        .unique(SPAN, keep="first", maintain_order=True)
        .with_columns(method=pl.lit("pronoun"), probability=pl.lit(PRONOUN_ALONE))
    )
