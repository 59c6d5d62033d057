"""Children: what hangs, explodes or crashes costs itself, and the next call goes on."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from math import factorial

import pytest

from pipeline.child import ChildError, Children


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    children = Children(1)
    yield children
    children.close()


def explode(size: int) -> int:
    return len(b"x" * size)


def spin(seconds: int) -> int:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return seconds


def crash(_: int) -> int:
    return len(ctypes.string_at(0))


def chatter(words: str) -> str:
    os.write(1, b"what a library prints\n")
    print(words)
    return words


def fragile(number: int) -> int:
    return crash(0) if number == 2 else number


def test_a_call_returns_what_the_function_returns_in_a_process_of_its_own(children: Children) -> None:
    assert children.call(factorial, 20) == factorial(20)
    assert children.call(os.getpid) != os.getpid()
    assert children.call(os.getpid) == children.call(os.getpid)


@pytest.mark.parametrize(
    ("function", "argument", "seconds", "reason"),
    [
        (time.sleep, 60, 0.05, "it took longer than 0 s"),
        (spin, 60, 0.2, "it took longer than 0 s"),
        (crash, 0, 15, r"it crashed the parser \(SIGSEGV\)"),
        (explode, 2**31, 15, "it took more than 1024 MB of memory"),
        (os._exit, 3, 15, r"the parser ended by itself \(exit code 3\)"),
        (factorial, -1, 15, r"^ValueError: factorial\(\) not defined"),
    ],
)
def test_what_goes_wrong_is_told_and_the_next_call_goes_on(
    children: Children, function: object, argument: int, seconds: float, reason: str
) -> None:
    with pytest.raises(ChildError, match=reason):
        children.call(function, argument, seconds=seconds)  # type: ignore[arg-type]
    assert children.call(factorial, 5) == 120


def test_what_a_library_prints_is_no_answer(children: Children) -> None:
    assert children.call(chatter, "more of it") == "more of it"


def test_a_map_keeps_the_order_and_says_why_an_item_is_missing() -> None:
    children = Children(2)
    got = list(children.map(fragile, range(20), lambda item, reason: (item, reason)))  # type: ignore[arg-type,return-value]
    assert got == [0, 1, (2, "it crashed the parser (SIGSEGV)"), *range(3, 20)]
    children.close()


def test_a_map_does_not_run_far_ahead_of_its_reader() -> None:
    children, taken = Children(1), []

    def items() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    results = children.map(abs, items(), lambda item, reason: -1)
    assert next(results) == 0
    assert len(taken) < 10
    assert list(results) == list(range(1, 100))
    children.close()
