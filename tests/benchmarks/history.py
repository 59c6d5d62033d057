"""Ten years of an invented press, as a lake: written by DuckDB straight to Parquet, a month at a time.

An article is forty sentences of 44 characters: a name of 12, a space, five words of five letters, a stop, a space.
Every name is a mention, every sixth sentence is a statement whose words are those of its own line and the next, and
whose target is the next line's name; its first word means the speaker. Nothing of it makes sense, but every offset cuts
the words that it claims.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from pipeline.schemas import LAKE, Printings
from pipeline.settings import Config, Issue, Outlet

OUTLETS = [f"outlet{n:02d}.example" for n in range(20)]
ISSUES = ("toll", "accord", "port")
CONFIG = Config(
    outlets=tuple(Outlet(domain=domain, name=domain.split(".")[0].title()) for domain in OUTLETS),
    issues=tuple(
        Issue(id=issue, name=f"the {issue}", proposition=f"The {issue} is right.", aliases=(issue,)) for issue in ISSUES
    ),
)
FIRST = date(2016, 1, 1)
SENTENCES, WIDTH, NAME = 40, 44, 12
# The headline is the first 60 characters of the body, which name two.
HEADLINE_SENTENCES, LEAD_SENTENCES = 2, 5
ENTITIES, WORDS, FILLERS = 20_000, 9_000, 100_000
LINES = f"""
WITH articles AS (
    SELECT
        DATE '{FIRST}' + (n // $articles)::INT AS day,
        n,
        substring(md5(n::VARCHAR), 1, 16) AS article_id,
        'outlet' || lpad((hash(n, 1) % {len(OUTLETS)})::VARCHAR, 2, '0') || '.example' AS outlet
    FROM range($first * $articles, $last * $articles) AS t(n)
),

lines AS (
    SELECT
        a.*,
        k,
        k * {WIDTH} AS start,
        -- a few are named often, most seldom
        floor({ENTITIES} * (hash(n, k, 2) % 1000003 / 1000003.0) ** 4)::BIGINT AS e,
        hash(n, k, 3) % 1000 / 1000.0 AS p1,
        hash(n, k, 4) % 1000 / 1000.0 AS p2,
        hash(n, k, 5) % {FILLERS} AS f
    FROM articles AS a, range({SENTENCES}) AS s(k)
)

SELECT
    lines.*,
    people.name,
    people.entity_id,
    people.type,
    fillers.filler,
    (p1 * p2)::FLOAT AS negative,
    (p1 * (1 - p2))::FLOAT AS neutral,
    (1 - p1)::FLOAT AS positive,
    k % 6 = 1 AS is_statement,
    k % 6 = 2 AS is_quoted,
    article_id || '-' || lpad((k // 6)::VARCHAR, 3, '0') AS statement_id
FROM lines
INNER JOIN people USING (e)
INNER JOIN fillers USING (f)
"""
TABLES = {
    "lines": LINES,
    "bodies": "SELECT article_id, string_agg(name || ' ' || filler || '. ', '' ORDER BY k) AS body FROM lines "
    "GROUP BY article_id",
    "articles": """
        SELECT a.day, a.article_id, 'raw-' || a.article_id AS raw_id, a.outlet, 'feed-' || a.outlet AS source,
            'https://' || a.outlet || '/' || a.article_id AS url, substring(b.body, 1, 60) AS title, b.body,
            NULL::VARCHAR AS byline, 'en' AS language, ['Ivo Tarn'] AS authors,
            (a.day - (n % 33 = 0)::INT + INTERVAL 1 MINUTE * (n % 1440))::TIMESTAMP AT TIME ZONE 'UTC' AS published_at,
            'source' AS published_at_origin, a.day - (n % 33 = 0)::INT AS published_on, a.article_id AS text_hash
        FROM (SELECT DISTINCT day, article_id, n, outlet FROM lines) AS a INNER JOIN bodies AS b USING (article_id)""",
    "raw": """
        SELECT day, raw_id, outlet, source, url, 'text/html' AS media_type, ''::BLOB AS content, NULL::VARCHAR AS title,
            NULL::TIMESTAMPTZ AS published_at, NULL::VARCHAR[] AS authors, NULL::VARCHAR AS problem FROM articles""",
    "fetches": """
        SELECT day, 'feed-' || outlet AS source, outlet, 'feed' AS kind, 'fetched' AS status, count(*) AS records,
            NULL::VARCHAR AS problem FROM articles GROUP BY day, outlet""",
    "quarantine": """
        SELECT day, 'refused-' || day AS raw_id, min(outlet) AS outlet, 'feed' AS source, NULL::VARCHAR AS url,
            'too_short' AS reason, 'a stub' AS detail FROM articles GROUP BY day HAVING false""",
    "mentions": f"""
        SELECT day, article_id, start, start + {NAME} AS "end", name AS text, type, 0.9::FLOAT AS probability, negative,
            neutral, positive, CASE WHEN is_quoted THEN statement_id END AS statement_id, 'r1' AS reader FROM lines""",
    "statements": f"""
        SELECT l.day, l.article_id, l.statement_id, 'direct' AS kind, l.start AS speaker_start,
            l.start + {NAME} AS speaker_end, l.name AS speaker, NULL::BIGINT AS cue_start, NULL::BIGINT AS cue_end,
            NULL::VARCHAR AS cue, [{{'start': l.start + {NAME + 1}, 'end': l.start + {2 * WIDTH - 1}}}] AS content,
            substring(b.body, l.start + {NAME + 2}, {2 * WIDTH - NAME - 2}) AS text, 0.9::FLOAT AS probability,
            'r1' AS reader, l.p1::FLOAT AS asserted, (1 - l.p1)::FLOAT AS hedged, 0::FLOAT AS denied,
            0::FLOAT AS withheld, 0::FLOAT AS asked, false AS is_continued,
            [{{'start': l.start + {WIDTH}, 'end': l.start + {WIDTH + NAME}, 'against': l.negative, 'neutral': l.neutral,
                'favour': l.positive, 'weight': 0::FLOAT}}] AS targets
        FROM lines AS l INNER JOIN bodies AS b USING (article_id) WHERE l.is_statement""",
    "references": f"""
        SELECT day, article_id, start + {NAME + 1} AS start, start + {NAME + 6} AS "end", filler[:5] AS text,
            start AS name_start, start + {NAME} AS name_end, 0.9::FLOAT AS probability, 'r1' AS reader
        FROM lines WHERE is_statement""",
    "headlines": f"""
        SELECT day, article_id, start, start + {NAME} AS "end", name AS text, type, 0.9::FLOAT AS probability, negative,
            neutral, positive, false AS is_quoted, 'r1' AS reader FROM lines WHERE k < {HEADLINE_SENTENCES}""",
    "entities": f"""
        SELECT day, article_id, start, start + {NAME} AS "end", entity_id, name, type, NULL::VARCHAR AS wikidata_id,
            'name' AS method, false AS is_metonym, false AS is_modifier, 0.9::FLOAT AS probability,
            NULL::VARCHAR AS runner_up_id
        FROM lines""",
    "roles": f"""
        SELECT l.day, l.article_id, l.start + {NAME + 1} AS start, l.start + {NAME + 6} AS "end", l.entity_id, l.name,
            substring(l.filler, 1, 5) AS role, substring(l.filler, 1, 5) AS office, false AS is_former,
            NULL::VARCHAR AS organisation_id, NULL::VARCHAR AS organisation, NULL::VARCHAR AS country_id,
            NULL::VARCHAR AS country, NULL::VARCHAR AS person_id,
            NULL::VARCHAR AS person, a.published_on, 0.9::FLOAT AS probability
        FROM lines AS l INNER JOIN articles AS a USING (article_id) WHERE l.k = 0 AND l.type = 'PER'""",
    "stances": f"""
        WITH pairs AS (
            SELECT l.*, t.entity_id AS target_id, t.name AS target, 'entity' AS target_kind FROM lines AS l
            INNER JOIN lines AS t ON l.article_id = t.article_id AND l.k + 1 = t.k AND l.entity_id <> t.entity_id
            WHERE l.is_statement
            UNION ALL
            SELECT *, {list(ISSUES)}[n % {len(ISSUES)} + 1] AS issue, 'the ' || issue, 'issue'
            FROM lines WHERE is_statement AND k < 12
        )
        SELECT p.day, p.statement_id || '/' || p.target_kind || '/' || p.target_id AS stance_id, p.article_id,
            p.statement_id, p.entity_id AS holder_id, p.name AS holder, p.target_kind, p.target_id, p.target,
            p.negative AS against, p.neutral, p.positive AS favour,
            CASE WHEN greatest(p.negative, p.neutral, p.positive) < 0.5 THEN NULL WHEN p.negative >= 0.5 THEN 'against'
                WHEN p.positive >= 0.5 THEN 'favour' ELSE 'neutral' END AS stance,
            p.start + {NAME + 1} AS evidence_start, p.start + {2 * WIDTH - 1} AS evidence_end, s.text AS evidence,
            'r1' AS reader
        FROM pairs AS p INNER JOIN statements AS s USING (article_id, statement_id)""",
    "sentiments": f"""
        WITH means AS (
            SELECT day, article_id, entity_id, min(name) AS name, min(type) AS type, avg(negative)::FLOAT AS negative,
                avg(neutral)::FLOAT AS neutral, avg(positive)::FLOAT AS positive, count(*) AS mentions,
                0 AS mentions_quoted, (count(*) / {SENTENCES})::FLOAT AS mention_share,
                count(*) FILTER (k < {HEADLINE_SENTENCES}) AS headline_mentions,
                (avg(positive - negative) FILTER (k < {HEADLINE_SENTENCES}))::FLOAT AS headline_score,
                count(*) FILTER (k < {LEAD_SENTENCES}) AS lead_mentions,
                (avg(positive - negative) FILTER (k < {LEAD_SENTENCES}))::FLOAT AS lead_score,
                min(start) AS first_start, min(start) + {NAME} AS first_end,
                (min(start) / {SENTENCES * WIDTH})::FLOAT AS first_share,
                min(k) >= {LEAD_SENTENCES} AND count(*) < 0.1 * {SENTENCES} AS is_passing, 'r1' AS reader
            FROM lines WHERE NOT is_quoted GROUP BY day, article_id, entity_id
        )
        SELECT *, CASE WHEN greatest(negative, neutral, positive) < 0.5 THEN NULL
            WHEN negative >= greatest(neutral, positive) THEN 'negative'
            WHEN positive >= neutral THEN 'positive' ELSE 'neutral' END AS sentiment
        FROM means""",
    "tones": f"""
        SELECT day, article_id, count(*) FILTER (NOT is_quoted) AS mentions,
            count(*) FILTER (is_quoted) AS mentions_quoted,
            (avg(positive - negative) FILTER (NOT is_quoted))::FLOAT AS tone,
            (avg(positive - negative) FILTER (is_quoted))::FLOAT AS tone_quoted,
            (count(*) FILTER (is_statement) * {2 * WIDTH - NAME - 2} / {SENTENCES * WIDTH})::FLOAT AS quoted_share,
            'r1' AS reader
        FROM lines GROUP BY day, article_id""",
    "runs": """
        SELECT DISTINCT day, unnest(['fetch', 'normalise', 'read', 'entities', 'stance', 'sentiment']) AS stage,
            0 AS shard, (day + 1)::TIMESTAMP AT TIME ZONE 'UTC' AS started_at, 1.0 AS seconds, 1 AS rows_in,
            1 AS rows_out, 1 AS articles_in, 1 AS articles_out, 0 AS quarantined, 900.0 AS peak_megabytes,
            'night-' || day AS run_id, '0.1.0' AS code, 'r1' AS reader FROM articles""",
    "visits": "SELECT day, 'feed' AS source, '' AS url, '' AS etag, '' AS last_modified, NULL::BLOB AS content "
    "FROM articles WHERE false",
}
MONTH = 30
"""Days that are written at a time."""


def write_history(root: Path, first: int, last: int, articles: int, *, threads: int = 2) -> None:
    """Days `first` to `last` - 1, counted from FIRST, of `articles` articles each; what was there is replaced."""
    con = duckdb.connect(config={"threads": threads, "memory_limit": "2GB"})
    con.execute(f"SET temp_directory = '{root}.spill'")
    con.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
    vowels = "['a', 'e', 'i', 'o', 'u'][{} % 5 + 1]"
    letters = "['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'r', 's', 't', 'v'][{} % 12 + 1]"
    five = " || ".join(
        one.format(f"(i // {divisor})")
        for one, divisor in ((letters, 1), (vowels, 12), (letters, 60), (vowels, 720), (letters, 3600))
    )
    con.execute(f"CREATE MACRO word(i) AS {five}")
    # Twelve characters: a first name of five letters and a family name of six.
    con.execute("CREATE MACRO capital(w) AS upper(w[1]) || w[2:]")
    con.execute("CREATE MACRO called(i) AS capital(word(i * 7 % 43200)) || ' ' || capital(word(i)) || 'n'")
    con.execute(f"""CREATE TABLE people AS SELECT e, called(e) AS name,
        'per-' || e || '-' || lower(replace(called(e), ' ', '-')) AS entity_id,
        ['PER', 'PER', 'ORG', 'LOC'][e % 4 + 1] AS type FROM range({ENTITIES}) AS t(e)""")
    con.execute(f"""CREATE TABLE fillers AS SELECT f, array_to_string(list_transform(range(5), lambda w:
        word(floor({WORDS} * (hash(f, w) % 1000003 / 1000003.0) ** 3)::BIGINT)), ' ') AS filler
        FROM range({FILLERS}) AS t(f)""")
    for begin in range(first, last, MONTH):
        for table, select in TABLES.items():
            given = {"first": begin, "last": min(begin + MONTH, last), "articles": articles} if table == "lines" else {}
            con.execute(f'CREATE OR REPLACE TEMP TABLE "{table}" AS {select}', given)
            if table not in LAKE:
                continue
            (root / f"table={table}").mkdir(parents=True, exist_ok=True)
            columns = ", ".join(f'"{name}"' for name in LAKE[table].columns())
            con.execute(f"""COPY (SELECT {columns} FROM "{table}" ORDER BY day) TO '{root}/table={table}' (
                FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day), WRITE_PARTITION_COLUMNS true,
                FILENAME_PATTERN 'part-{{i}}', OVERWRITE_OR_IGNORE true)""")
        _write_empty(root, con, begin, min(begin + MONTH, last))


def write_printings(root: Path, days: int, articles: int) -> None:
    """Stories of three articles each; the third is a copy of the first."""
    folder = root / "table=printings"
    folder.mkdir(exist_ok=True)
    assert list(Printings.columns())[:3] == ["article_id", "story_id", "reprint_of"]
    duckdb.execute(f"""COPY (
        SELECT substring(md5(n::VARCHAR), 1, 16) AS article_id, substring(md5((n - n % 3)::VARCHAR), 1, 16) AS story_id,
            CASE WHEN n % 3 = 2 THEN substring(md5((n - 2)::VARCHAR), 1, 16) END AS reprint_of,
            (DATE '{FIRST}' + (n // {articles})::INT)::TIMESTAMP AT TIME ZONE 'UTC' AS published_at,
            [DATE '{FIRST}' + (n // {articles})::INT] AS days
        FROM range({days * articles}) AS t(n)) TO '{folder}/part-0.parquet' (FORMAT parquet)""")


def _write_empty(root: Path, con: duckdb.DuckDBPyConnection, first: int, last: int) -> None:
    """A day without a row has its part all the same."""
    for table in ("quarantine", "roles"):
        for number in range(first, last):
            folder = root / f"table={table}" / f"day={FIRST + timedelta(days=number)}"
            if not folder.exists():
                folder.mkdir(parents=True)
                columns = ", ".join(f'"{name}"' for name in LAKE[table].columns())
                con.execute(f"COPY (SELECT {columns} FROM {table} WHERE false) TO '{folder}/part-0.parquet'")
