"""Mutated feeds, sitemaps and pages: a slice of what `python -m tests.faults.fuzz 10000` runs."""

from __future__ import annotations

from pipeline.child import Children
from tests.faults.fuzz import mutants, run


def test_no_mutant_crashes_its_parser_or_stalls_it() -> None:
    children = Children(2)
    ended, down = run(120, 7, children)
    children.close()
    assert [reason for _, reason in down] == []
    assert {("page", "article"), ("feed", "entries"), ("feed", "refused"), ("sitemap", "entries")} <= set(ended)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert list(mutants(50, 3)) == list(mutants(50, 3))
    assert list(mutants(50, 3)) != list(mutants(50, 4))
