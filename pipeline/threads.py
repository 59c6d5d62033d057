"""How many threads the libraries of this process may start."""

from __future__ import annotations

import os

# Each of these is read once, when its library is first loaded; DuckDB and onnxruntime take theirs as an argument.
VARIABLES = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def cap_threads(threads: int) -> None:
    """Let polars, numpy and the tokenizer of this process use `threads` threads each; call it before they are imported.

    A number that the environment already gives stays.
    """
    for variable in VARIABLES:
        os.environ.setdefault(variable, str(threads))
    # The tokenizer's own pool and a fork do not go together; the reader is parallel by itself.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
