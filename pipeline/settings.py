"""One frozen settings object, read from the environment once, and the newsroom's configuration (a TOML file)."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """The settings or the configuration file cannot be used: the message says what, where and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Feed(_Strict):
    """An RSS, Atom or JSON feed of one outlet. A live feed can only give today's news."""

    kind: Literal["feed"] = "feed"
    url: str
    has_history: bool = False
    """The feed keeps past entries (or its URL holds the day): a past day takes the entries published on that day."""


class Sitemap(_Strict):
    """A sitemap or index of sitemaps of one outlet: a day takes the pages that are dated with it, past days too."""

    kind: Literal["sitemap"]
    url: str


class Archive(_Strict):
    """JSON Lines, Parquet or WARC, or a list of WARC files, from a path or URL; serves many outlets."""

    kind: Literal["archive"] = "archive"
    url: str


def _kind(source: Any) -> str:
    return str(source.get("kind", "feed") if isinstance(source, dict) else getattr(source, "kind", "feed"))


Source = Annotated[Annotated[Feed, Tag("feed")] | Annotated[Sitemap, Tag("sitemap")], Discriminator(_kind)]
"""One configured way to get one outlet's articles. In every URL, {day}, {year} and {month} stand for the run's day."""


class Web(_Strict):
    """How the web is asked: with which manners, and which addresses beside those of the open web."""

    contact: str | None = None
    """A page or mail address, told to every server with the user agent."""
    at_once: Annotated[int, Field(ge=1)] = 2
    """Requests to one host at a time: half of what a browser makes."""
    seconds_between: Annotated[float, Field(ge=0)] = 1.0
    """Seconds from one request to a host to the next; a longer crawl-delay in its robots.txt is kept."""
    allow: tuple[str, ...] = ()
    """Networks and host names that may be fetched although they are private: 10.1.0.0/16, intranet.example."""

    @field_validator("allow")
    @classmethod
    def _are_networks_or_hosts(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for name in allow:
            try:
                ip_network(name)
            except ValueError as error:
                if re.search(r"[/:]|^[\d.]*$", name):
                    raise ValueError(f"{name!r} is neither a network nor a host name: {error}") from error
        return allow


class Outlet(_Strict):
    """A publisher: where articles come from."""

    domain: str = Field(pattern=r"^[a-z0-9.-]+\.[a-z]{2,}$")
    name: str
    sources: tuple[Source, ...] = ()


class Issue(_Strict):
    """A topic on the watch-list that people take sides on."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    name: str
    proposition: str
    """One sentence that a holder can be for or against."""
    aliases: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None


class Office(_Strict):
    """A role that a person holds: "president" of an entity, from one day to another."""

    role: str
    of: str
    """Entity id of the country or organisation."""
    starts_on: date | None = None
    ends_on: date | None = None


class KnownEntity(_Strict):
    """An entity that the operator knows: its aliases resolve to it."""

    id: str = Field(pattern=r"^[A-Za-z0-9-]+$")
    name: str
    type: Literal["PER", "ORG", "LOC", "MISC"]
    aliases: tuple[str, ...] = ()
    demonyms: tuple[str, ...] = ()
    """Adjectives and members: Corvanian, Corvanians."""
    wikidata_id: str | None = Field(default=None, pattern=r"^Q\d+$")
    gender: Literal["f", "m"] | None = None
    country: str | None = None
    """Entity id of the country that it belongs to: what tells it from a namesake elsewhere."""
    offices: tuple[Office, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None


class Merge(_Strict):
    """Two entity ids that turned out to be one: the warehouse shows `old` as `entity` from the next publish on."""

    old: str
    entity: str
    on: date
    """Day of the decision."""
    reason: str = Field(min_length=1)


class Config(_Strict):
    """The newsroom: outlets with their sources, archives, the watch-list of issues, known entities, merges."""

    outlets: tuple[Outlet, ...] = Field(min_length=1)
    archives: tuple[Archive, ...] = ()
    issues: tuple[Issue, ...] = ()
    entities: tuple[KnownEntity, ...] = ()
    merges: tuple[Merge, ...] = ()
    web: Web = Web()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Config:
        for what, ids in (
            ("outlet domain", [o.domain for o in self.outlets]),
            ("issue id", [i.id for i in self.issues]),
            ("entity id", [e.id for e in self.entities]),
            ("id that is merged", [m.old for m in self.merges]),
        ):
            if twice := sorted({i for i in ids if ids.count(i) > 1}):
                raise ValueError(f"{what} given twice: {', '.join(twice)}")
        return self


class Settings(BaseSettings):
    """Where things are and what a worker may use; read from `STANDPOINT_…` variables."""

    model_config = SettingsConfigDict(env_prefix="STANDPOINT_", frozen=True, extra="ignore")

    lake: str
    """Folder or URL of the lake."""
    warehouse: Path
    """Path of the published DuckDB file."""
    publish_to: str | None = None
    """Folder or URL to which every publish also copies the finished file and the front page."""
    config: Path
    """The newsroom's TOML file."""
    reader: Path | None = None
    """Folder with other reader weights and their card; the shipped ones where unset."""
    threads: Annotated[int, Field(ge=1)] = 2
    """Threads that one task may use for polars, DuckDB and the reader."""
    shard_articles: Annotated[int, Field(ge=1)] = 250
    """Articles a shard of `read` holds at most: about 10 s of work on two cores, so that a lost worker costs little."""

    keep_days: Annotated[int, Field(ge=1)] | None = None
    """Days of the lake that are kept, counted back from the last finished one; all where unset."""
    keep_raw_days: Annotated[int, Field(ge=1)] | None = None
    """Days of which the bytes of raw pages are kept: without them a day is not normalised again; all where unset."""
    keep_warehouse_days: Annotated[int, Field(ge=0)] = 1
    """Days for which the warehouses that were published before are kept beside the published one."""
    metrics: Path | None = None
    """File that each publish writes its figures to, as OpenMetrics; none where unset."""

    def newsroom(self) -> Config:
        """The configuration file, parsed and checked; relative archive paths are taken from the file's folder.

        Raises:
            SettingsError: the file is missing, is not TOML, or says something that the configuration does not know.
        """
        return load_config(self.config)


def load_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        SettingsError: a required variable is missing or a value is not what it should be.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the values come from the environment
    except ValidationError as error:
        raise SettingsError(
            "; ".join(
                f"set STANDPOINT_{str(e['loc'][0]).upper()} in the environment ({e['msg'].lower()})"
                for e in error.errors()
            )
        ) from error


def load_config(path: Path) -> Config:
    """The newsroom in a TOML file.

    Raises:
        SettingsError: see `Settings.newsroom`.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"cannot read the configuration {path}: {error}; set STANDPOINT_CONFIG to a TOML file"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise SettingsError(
            f"{path}: "
            + "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'file'}: {_said(e['type'], e['msg'])}" for e in error.errors()
            )
        ) from error
    archives = tuple(
        a if "://" in a.url else a.model_copy(update={"url": str(path.parent.resolve() / a.url)})
        for a in config.archives
    )
    return config.model_copy(update={"archives": archives})


def _said(kind: str, message: str) -> str:
    """What the operator is told of one thing that the configuration should not say."""
    return {
        "extra_forbidden": "not a name that the configuration knows; check its spelling",
        "union_tag_invalid": 'the kind of an outlet\'s source is "feed" or "sitemap"; archives stand in [[archives]]',
        "missing": "missing; see sample/standpoint.toml for what a configuration holds",
    }.get(kind, message)
