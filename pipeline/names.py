"""How names are compared, by the entities stage and the gazetteer alike: their letters, and the ids made of them."""

from __future__ import annotations

from collections.abc import Callable

import dataframely as dy
import polars as pl

from pipeline.schemas import Names

# Whose word a name is: the operator's, the shipped gazetteer's, the lake's; the shipped one's too, of those whose name
# means them only where their country is named.
OPERATOR, SHIPPED, IMPORTED, LOCAL = range(4)

LookUp = Callable[[pl.Series], dy.DataFrame[Names]]
"""Keys of names, offices and demonyms to whom they may mean. A key that no one knows has no row."""


def key(name: pl.Expr) -> pl.Expr:
    """The letters of a name: case, accents, points, apostrophes, hyphens and a leading `the` set aside."""
    return (
        name.str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_all(r"[\p{M}.'’‘]", "")
        .str.replace_all(r"[^\p{L}\p{N}&]+", " ")
        .str.strip_chars()
        .str.replace(r"^the ", "")
    )


def own_id(type_: pl.Expr, key: pl.Expr) -> pl.Expr:
    """The id of a name that no one knows: from its type and letters alone. Initials in the middle are left out."""
    letters = pl.when(type_ == "PER").then(key.str.replace_all(r" \p{L} ", " ")).otherwise(key)
    return pl.concat_str(type_.cast(pl.String).str.to_lowercase(), letters.str.replace_all(" ", "-"), separator="-")


def office_key(role: pl.Expr, of: pl.Expr) -> pl.Expr:
    """The key of an office: its role and the id of the country or organisation. No name has such a key."""
    return pl.concat_str(role, of, separator=" @ ")
