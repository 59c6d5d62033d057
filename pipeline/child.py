"""Processes with limits, in which what came from the web is parsed: what hangs, explodes or crashes costs itself.

A child is a fresh interpreter that gets one call after the other over its pipe (a fork after polars would hang). It
ends itself where a call takes too long, wherever the parser is, and the next call gets a new one.
Everything on the pipe is pickled: the child is our own code, only what it is given to read is not.
"""

from __future__ import annotations

import atexit
import os
import pickle
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")
R = TypeVar("R")

SECONDS = 15.0
"""Seconds of computing that one call may take: a long page takes a tenth of one."""
STANDSTILL = 20
"""Times as many seconds by the clock: whoever waits that long is not waiting for a busy machine."""
MEMORY = 2**30
"""Bytes that a child may use beyond what its libraries took when they were loaded: 50 times the longest page."""
AHEAD = 4
"""Calls of each child that are prepared while it works: enough to keep it busy, few enough to hold few pages."""

ALARMS = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}
_LENGTH = struct.Struct(">Qd")


class ChildError(Exception):
    """The call did not come to its end: the message says why, in one line."""


class Children:
    """Up to `count` children that share the work; they start with the first call, and may be called from any thread."""

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._idle: list[subprocess.Popen[bytes]] = []
        self._free = threading.Semaphore(count)

    def call(self, function: Callable[..., R], *args: Any, seconds: float = SECONDS) -> R:
        """What `function(*args)` returns; both must be picklable, the function by its name.

        Raises:
            ChildError: it took too long or too much memory, crashed, or raised an exception, which is the cause.
        """
        request = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        with self._free:
            child = self._idle.pop() if self._idle else _start()
            try:
                assert child.stdin and child.stdout
                child.stdin.write(_LENGTH.pack(len(request), seconds))
                child.stdin.write(request)
                child.stdin.flush()
                is_returned, result = _read(child.stdout)
            except (EOFError, OSError) as error:
                raise ChildError(_why(child, seconds)) from error
            except BaseException:
                child.kill()
                _end(child)
                raise
            self._idle.append(child)
        if not is_returned:
            reason, cause = result
            raise ChildError(reason) from cause
        return result  # type: ignore[no-any-return]

    def map(self, function: Callable[[T], R], items: Iterable[T], otherwise: Callable[[T, str], R]) -> Iterator[R]:
        """`function` of every item, in order; of an item that brings down its child, `otherwise` with the reason."""
        with ThreadPoolExecutor(self._count) as threads:
            waiting: deque[tuple[T, Future[R]]] = deque()

            def first() -> R:
                item, future = waiting.popleft()
                try:
                    return future.result()
                except ChildError as error:
                    return otherwise(item, str(error))

            for item in items:
                waiting.append((item, threads.submit(self.call, function, item)))
                if len(waiting) > AHEAD * self._count:
                    yield first()
            while waiting:
                yield first()

    def close(self) -> None:
        """End the idle children; a later call starts new ones."""
        while self._idle:
            _end(self._idle.pop())


def children(count: int) -> Children:
    """The children of this process, which live until it ends."""
    return _children(os.getpid(), count)


@cache
def _children(pid: int, count: int) -> Children:  # by pid: a forked process must not talk to its parent's children
    own = Children(count)
    atexit.register(own.close)
    return own


def _start() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, *sys.path]))
    command = [sys.executable, "-m", "pipeline.child"]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": path}
    )


def _end(child: subprocess.Popen[bytes]) -> int:
    for pipe in (child.stdin, child.stdout):
        try:
            if pipe:
                pipe.close()
        except OSError:  # what was still to be written to one that is dead
            pass
    return child.wait()


def _why(child: subprocess.Popen[bytes], seconds: float) -> str:
    code = _end(child)
    if code in (-signal.SIGPROF, -signal.SIGALRM):
        return f"it took longer than {seconds:.0f} s"
    if code < 0:
        return f"it crashed the parser ({signal.Signals(-code).name})"
    return f"the parser ended by itself (exit code {code})"


# --- in the child -----------------------------------------------------------------------------------------------------


def _read(stream: Any) -> Any:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    size, _ = _LENGTH.unpack(head)
    return _loads(stream.read(size), size)


def _loads(data: bytes, size: int) -> Any:
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)


def _main() -> None:
    answers: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for alarm in ALARMS.values():  # as inherited, they may be ignored or blocked
        signal.signal(alarm, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ALARMS.values())
    requests, is_limited = sys.stdin.buffer, False
    while len(head := requests.read(_LENGTH.size)) == _LENGTH.size:
        size, seconds = _LENGTH.unpack(head)
        function, args = _loads(requests.read(size), size)
        if not is_limited:  # now that the function's module is loaded
            _limit_memory()
            is_limited = True
        # Nothing handles the alarms, so they end the process wherever it is, in C code too.
        _set_alarms(seconds)
        try:
            answer = _dumps((True, function(*args)))
        except MemoryError:
            answer = _dumps((False, (f"it took more than {MEMORY // 2**20} MB of memory", None)))
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            try:
                answer = _dumps((False, (reason, error)))
                pickle.loads(answer)
            except Exception:  # not every exception can be pickled
                answer = _dumps((False, (reason, None)))
        _set_alarms(0)
        answers.write(_LENGTH.pack(len(answer), 0))
        answers.write(answer)
        answers.flush()


def _set_alarms(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, STANDSTILL * seconds)


def _dumps(answer: tuple[bool, Any]) -> bytes:
    return pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)


def _limit_memory() -> None:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):  # macOS counts no address space and would not hold to the limit
        return
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    _main()
