"""How many threads the libraries of this process may start."""

from __future__ import annotations

import os


def limits(threads: int) -> dict[str, str]:
    """The variables that say so; each is read once, when its library is first loaded.

    DuckDB and onnxruntime take their number as an argument.
    """
    number = str(threads)
    return {
        "POLARS_MAX_THREADS": number,
        "OMP_NUM_THREADS": number,
        "RAYON_NUM_THREADS": number,
        # numpy's products here are small: more threads only wait for each other, a fifth of the reader's time.
        "OPENBLAS_NUM_THREADS": "1",
        # The tokenizer's own pool and a fork do not go together; the reader is parallel by itself.
        "TOKENIZERS_PARALLELISM": "false",
    }


def cap_threads(threads: int) -> None:
    """Let polars and the tokenizer of this process use `threads` threads each; call it before they are imported.

    A number that the environment already gives stays.
    """
    for variable, value in limits(threads).items():
        os.environ.setdefault(variable, value)
