"""How fast the reader reads, against the fp32 graph of the same weights and a spaCy pipeline in the same run.

    python -m tests.benchmarks.reader TEXTS... [--fp32 RUN/full.onnx] [--spacy] [--threads 2]

TEXTS are files of plain text, or .jsonl.gz files in the archive format. Each contender is a process of its own; what
is printed is its start-up, word pieces a second from text to frames (best of three), and its peak resident memory.
`--spacy` adds a blank spaCy pipeline of the build and size of its small English one (tok2vec of width 96 and depth 4,
named entities, dependencies), whose untrained answers cost what trained ones do: `pip install spacy` first.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.reader import SHIPPED, Reader, encoder_of, judge_of, load_reader, open_session
from pipeline.reader.tokens import tokenize

# spaCy's parser and entity recogniser build on such a layer in its small English pipeline.
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2", "width": 96, "depth": 4, "embed_size": 2000, "window_size": 1,
    "maxout_pieces": 3, "subword_features": True, "pretrained_vectors": None,
}  # fmt: skip


def texts_of(paths: Sequence[Path]) -> list[str]:
    """Every text in the files."""
    out: list[str] = []
    for path in paths:
        if path.name.endswith(".jsonl.gz"):
            with gzip.open(path, "rt", encoding="utf-8") as file:
                out += [json.loads(line)["text"] for line in file]
        else:
            out.append(path.read_text(encoding="utf-8"))
    return out


def ours(threads: int, fp32: Path | None) -> Callable[[list[str]], object]:
    """The shipped reader, or the graph given in the place of its encoder."""
    reader = load_reader(threads=threads)
    if fp32:
        judge = judge_of(open_session(SHIPPED / "judge.onnx"))
        reader = Reader(encoder_of(open_session(fp32)), judge, reader.tokenizer, reader.card, threads)
    return reader.read


def spacy_pipeline() -> Callable[[list[str]], object]:
    """A blank pipeline of the small English one's build."""
    import spacy
    from spacy.training import Example

    pipeline = spacy.blank("en")
    for name in ("ner", "parser"):
        model = {
            "@architectures": "spacy.TransitionBasedParser.v2", "state_type": name, "extra_state_tokens": False,
            "hidden_width": 64, "maxout_pieces": 2, "use_upper": True, "nO": None, "tok2vec": TOK2VEC,
        }  # fmt: skip
        pipeline.add_pipe(name, config={"model": model})
    words = pipeline.make_doc("Mara Ode said it works")
    annotation = {
        "entities": [(0, 8, "PERSON")], "heads": [1, 2, 2, 4, 2],
        "deps": ["compound", "nsubj", "ROOT", "nsubj", "ccomp"],
    }  # fmt: skip
    pipeline.initialize(lambda: [Example.from_dict(words, annotation)] * 3)
    return lambda texts: list(pipeline.pipe(texts))


def measure(contender: str, texts: list[str], threads: int, fp32: Path | None) -> None:
    """Print one contender's figures as JSON. Best of three: the machine's other work only ever slows a run."""
    start = time.perf_counter()
    read = spacy_pipeline() if contender == "spacy" else ours(threads, fp32 if contender == "fp32" else None)
    loaded = time.perf_counter() - start
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        read(texts)
        seconds.append(time.perf_counter() - start)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"loaded": loaded, "seconds": min(seconds), "megabytes": megabytes}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--fp32", type=Path)
    parser.add_argument("--spacy", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contender", choices=["int8", "fp32", "spacy"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    texts = texts_of(arguments.texts)
    if arguments.contender:
        measure(arguments.contender, texts, arguments.threads, arguments.fp32)
        return
    pieces = sum(len(t) for t in tokenize(load_reader().tokenizer, texts))
    print(f"{len(texts)} texts, {pieces} word pieces, {arguments.threads} threads")
    contenders = ["int8", *(["fp32"] if arguments.fp32 else []), *(["spacy"] if arguments.spacy else [])]
    figures = {}
    for contender in contenders:
        command = [sys.executable, "-m", "tests.benchmarks.reader", *sys.argv[1:], "--contender", contender]
        result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures[contender] = found = json.loads(result.stdout.splitlines()[-1])
        ratio = found["seconds"] / figures["int8"]["seconds"]
        print(
            f"{contender:6} {pieces / found['seconds']:8.0f} pieces/s {len(texts) / found['seconds']:6.1f} texts/s  "
            f"start {found['loaded']:.2f} s  {found['megabytes']:.0f} MB  int8 is {ratio:.2f} times as fast"
        )


if __name__ == "__main__":
    main()
