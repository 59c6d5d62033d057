"""A few steps of training on a set made here: it learns, goes on when cut off, and what it made can be read with."""

import gzip
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training is an extra: pip install -e '.[train]'")
transformers = pytest.importorskip("transformers", reason="training is an extra: pip install -e '.[train]'")

from pipeline.reader import ReaderError, judge_of, load_reader, open_session  # noqa: E402
from pipeline.reader.roles import ROLES  # noqa: E402
from pipeline.training.export import export, judge_to_onnx, torch_reader  # noqa: E402
from pipeline.training.model import HEADS, JUDGE, ReaderModel, load_model  # noqa: E402
from pipeline.training.statements import judge_loss, judged, name_loss  # noqa: E402
from pipeline.training.train import Plan, Sampler, kept, lesson_of, load_tokenizer, main, train  # noqa: E402
from tests.reader.conftest import tiny_tokenizer  # noqa: E402, F401  (a fixture)
from tests.training.annotated import record  # noqa: E402

# The exporter and the encoder's library warn of their own future.
pytestmark = pytest.mark.filterwarnings("default")

PLAN = Plan(epochs=12, checkpoint_steps=5)


@pytest.fixture(scope="module")
def encoder(tiny_tokenizer, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("encoder")
    config = transformers.BertConfig(
        vocab_size=tiny_tokenizer.get_vocab_size(),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=300,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tiny_tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")

    def write(name: str, text: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    story = "-DOCSTART- -X- O O\n\n" + "Mara N N I-PER\nOde N N I-PER\nsaid N N O\nTessel N N I-LOC\nis N N O\n\n" * 8
    for split in ("train", "testa"):
        write(f"conll2003/eng.{split}", story * 4)
    write("crossner_politics/train.txt", "Mara\tB-politician\nsaid\tO\nthe\tO\nplan\tO\nis\tO\nbad\tO\n\n" * 6)
    for split in ("train", "dev"):
        write(f"polnear/{split}/text/a.txt", "the plan, mara said, is bad. " * 3)
        write(
            f"polnear/{split}/attributions/a_x1.ann",
            "T1\tContent 0 8;21 27\tc\nT2\tCue 15 19\tsaid\nT3\tSource 10 14\tmara\n"
            "E1\tAttribution:T2 Content:T1 Cue:T2 Source:T3\n",
        )
    sentence = {"sentence_normalized": "Ode is bad", "targets": [{"from": 0, "to": 3, "polarity": 2}]}
    for name in ("train", "dev_rw", "dev_mt"):
        write(f"newsmtsc/{name}.jsonl", (json.dumps(sentence) + "\n") * 12)
    pairs = [{"claim": f"the plan {i}", "perspective": "it is good", "stance": "SUPPORT"} for i in range(24)]
    for split in ("train", "dev"):
        write(f"perspectrum/{split}.jsonl", "".join(json.dumps(p) + "\n" for p in pairs))
    news = {"sentence": "the plan is bad", "target": "the plan", "agree": 0.1, "neutral": 0.2, "disagree": 0.7}
    write("gwsd/train.jsonl", (json.dumps(news) + "\n") * 260)
    judged = [
        {"text": f"ode is {word}", "start": 0, "end": 3, "polarity": polarity, "voice": voice, "weight": 1.0}
        for polarity, word in enumerate(("bad", "mara", "good"))
        for voice in ("own", "quoted")
    ]
    for name in ("train", "own", "quoted"):
        write(f"press/{name}.jsonl", "".join(json.dumps(j) + "\n" for j in judged) * 4)
    return folder


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    path = tmp_path_factory.mktemp("gold") / "articles.jsonl"
    path.write_text((json.dumps(record(issue=None)) + "\n") * 4)
    return str(path)


def curve(run):
    return [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]


def test_a_run_learns_and_what_it_made_is_exported_and_read(data, encoder, annotated, tmp_path):
    train(data, encoder, tmp_path / "run", replace(PLAN, epochs=24, annotated=(annotated,)))
    card = export([tmp_path / "run"], encoder, data, tmp_path / "out")
    reader = load_reader(tmp_path / "out")
    assert reader.revision == card["revision"]
    assert {row["dataset"] for row in card["eval_scores"]} == {
        "conll2003",
        "polnear",
        "newsmtsc",
        "perspectrum",
        "gwsd",
        "press",
    }
    assert set(card["voices"]) == {"own", "quoted"}
    assert set(card["corrections"]) == {"sentiment", "entity_stance", "issue_stance"}
    assert set(card["sha256"]) == {"reader.onnx", "judge.onnx", "tokenizer.json"}
    assert reader.stance(["it is good"], ["the plan"]).argmax() == 2


def test_a_judge_that_was_not_exported_with_the_reader_is_refused(data, encoder, tmp_path):
    train(data, encoder, tmp_path / "run", replace(PLAN, epochs=1))
    export([tmp_path / "run"], encoder, data, tmp_path / "out")
    judge_to_onnx(ReaderModel(encoder), tmp_path / "out" / "judge.onnx")
    with pytest.raises(ReaderError, match=r"judge\.onnx is not the file that its card describes"):
        load_reader(tmp_path / "out")


@pytest.mark.parametrize("length", [1, 16, 60])
def test_the_exported_judge_answers_as_the_one_that_was_trained(encoder, tmp_path, length):
    model = ReaderModel(encoder).eval()
    judge_to_onnx(model, tmp_path / "judge.onnx")
    rng = np.random.default_rng(length)
    values = rng.normal(size=(length, JUDGE)).astype(np.float16)
    roles = rng.integers(0, ROLES, length)
    card = {"heads": HEADS, "revision": "r", "languages": ["en"]}
    trained = torch_reader(model, load_tokenizer(encoder), card)._judge(values, roles)
    exported = judge_of(open_session(tmp_path / "judge.onnx"))(values, roles)
    assert [part.shape for part in exported] == [(length, 4), (5,)]
    for ours, theirs in zip(trained, exported, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_run_learns_who_said_what_about_whom(data, encoder, annotated, tmp_path):
    plan = replace(PLAN, annotated=(annotated,), tasks=("statement",), epochs=10, readings=4)
    train(data, encoder, tmp_path / "none", replace(plan, encoder_rate=0.0, head_rate=0.0))
    train(data, encoder, tmp_path / "run", plan)
    batch = Sampler(load_tokenizer(encoder), data, plan).epoch(random.Random(0))[0]()

    def losses(run):
        model = load_model([tmp_path / run], encoder)
        with torch.inference_mode():
            _, links, values = model(batch.ids, batch.mask, batch.segments, batch.case)
            sides, commitment = judged(model.judge, values, batch.labels)
            parts = judge_loss(sides, commitment[:0], batch.labels), judge_loss(sides[:0], commitment, batch.labels)
            return [*parts, name_loss(links, batch.mask, batch.windows)]

    for before, after in zip(losses("none"), losses("run"), strict=True):
        assert after < before


def tasks_of(sampler):
    return Counter(maker().task for maker in sampler.epoch(random.Random(0)))


def test_an_epoch_reads_the_annotated_articles_as_often_as_the_plan_says(data, encoder, annotated):
    plan = replace(PLAN, annotated=(annotated,), tasks=("statement",))
    once, thrice = (
        tasks_of(Sampler(load_tokenizer(encoder), data, replace(plan, readings=n)))["statement"] for n in (1, 3)
    )
    assert once > 0
    assert thrice == 3 * once


def test_an_epoch_holds_the_share_of_a_tasks_batches_that_the_plan_says(data, encoder):
    plan = replace(PLAN, batch_pieces=256)
    every = tasks_of(Sampler(load_tokenizer(encoder), data, plan))
    half = tasks_of(Sampler(load_tokenizer(encoder), data, replace(plan, shares=(("entity", 0.5),))))
    assert every["entity"] > 1
    assert half == every | {"entity": -(-every["entity"] // 2)}


def issue_batches(data, encoder, tmp_path, **plan):
    path = tmp_path / "articles.jsonl"
    path.write_text((json.dumps(record()) + "\n") * 4)
    sampler = Sampler(load_tokenizer(encoder), data, replace(PLAN, annotated=(str(path),), tasks=("issue",), **plan))
    return [maker() for maker in sampler.epoch(random.Random(0))]


def test_the_stands_of_annotated_articles_have_batches_of_their_own(data, encoder, tmp_path):
    batches = issue_batches(data, encoder, tmp_path)
    # A side in each of four articles; of the two statements without one about half.
    assert sum(int(batch.labels["stance"][:, 0].sum()) for batch in batches) == 4
    assert 4 < sum(len(batch.ids) for batch in batches) <= 3 * 4
    assert {batch.task for batch in batches} == {"stance"}


def test_written_statements_are_seen_in_every_epoch(data, encoder, tmp_path):
    row = {"proposition": "The pool must open.", "holder": "Ode", "cue": "said", "said": "yes"}
    row |= {"before": "", "side": "favour"}
    with gzip.open(tmp_path / "written.jsonl.gz", "wt") as file:
        file.write((json.dumps(row) + "\n") * 9)
    batches = issue_batches(data, encoder, tmp_path, written=(str(tmp_path / "written.jsonl.gz"),))
    sides = sum(batch.labels["stance"].sum(0) for batch in batches)
    assert sides[2] >= 9


def test_what_was_read_of_names_before_is_kept_and_what_of_cues_is_not(data, encoder, annotated):
    plan = replace(PLAN, annotated=(annotated,), tasks=("statement",))
    batch = Sampler(load_tokenizer(encoder), data, plan).epoch(random.Random(0))[0]()
    before = torch.randn(*batch.ids.shape, sum(HEADS.values()))
    other_cues, other_names = before.clone(), before.clone()
    other_cues[..., 9:12] += torch.tensor([5.0, 0.0, 0.0])
    other_names[..., :9] += torch.arange(9.0)
    assert kept(batch, before, before).item() == pytest.approx(0, abs=1e-5)
    assert kept(batch, other_cues, before).item() == pytest.approx(0, abs=1e-5)
    assert kept(batch, other_names, before).item() > 0.1


def test_a_run_does_not_say_in_which_folder_its_articles_were(data, encoder, annotated, tmp_path):
    train(data, encoder, tmp_path, replace(PLAN, epochs=0, annotated=(annotated,)))
    assert json.loads((tmp_path / "config.json").read_text())["annotated"] == ["articles.jsonl"]


def test_a_run_that_was_cut_off_goes_on_to_the_same_number_of_steps(data, encoder, tmp_path):
    train(data, encoder, tmp_path, replace(PLAN, epochs=6))
    half = curve(tmp_path)[-1]["step"]
    train(data, encoder, tmp_path, PLAN)
    assert curve(tmp_path)[-1]["step"] == 2 * half


def test_a_run_begins_with_the_mean_of_others(data, encoder, tmp_path):
    runs = [str(tmp_path / name) for name in ("one", "other")]
    for seed, run in enumerate(runs):
        train(data, encoder, Path(run), replace(PLAN, seed=seed))
    train(data, encoder, tmp_path / "third", replace(PLAN, start=tuple(runs), encoder_rate=0.0, head_rate=0.0))
    one, other, third = (load_model([Path(run)], encoder).state_dict() for run in (*runs, tmp_path / "third"))
    assert not all(torch.equal(one[key], other[key]) for key in one)
    for key, value in third.items():
        torch.testing.assert_close(value, (one[key] + other[key]) / 2, atol=1e-3, rtol=1e-3)


def test_training_may_begin_with_an_exported_reader(data, encoder, tmp_path):
    train(data, encoder, tmp_path / "run", PLAN)
    export([tmp_path / "run"], encoder, data, tmp_path / "out")
    trained, shipped = (load_model([tmp_path / name], encoder).state_dict() for name in ("run", "out"))
    for key, value in trained.items():
        torch.testing.assert_close(shipped[key], value, atol=5e-3, rtol=0)  # what int8 leaves of it


@pytest.mark.parametrize("task", ["attribution", "stance"])
def test_a_reader_learns_to_answer_as_its_teacher(data, encoder, tmp_path, task):
    train(data, encoder, tmp_path / "teacher", PLAN)
    teacher = load_model([tmp_path / "teacher"], encoder)
    alone = replace(PLAN, epochs=2, seed=5, tasks=(task,))
    taught = replace(alone, teachers=("teacher",), taught=(task,), lesson=1.0)
    train(data, encoder, tmp_path / "alone", replace(alone, encoder_rate=0.0, head_rate=0.0))
    train(data, encoder, tmp_path / "taught", taught, {task: teacher})
    batch = Sampler(load_tokenizer(encoder), data, alone).epoch(random.Random(0))[0]()

    def scores(model):
        with torch.inference_mode():
            return model(batch.ids, batch.mask, batch.segments, batch.case)[0]

    before, after = (
        lesson_of(batch, scores(load_model([tmp_path / name], encoder)), scores(teacher))
        for name in ("alone", "taught")
    )
    assert after < before


def test_the_command_asks_each_teacher_in_the_tasks_that_it_was_trained_on(data, encoder, tmp_path, monkeypatch):
    for name, tasks in (("one", ("polarity", "stance")), ("other", ("attribution",))):
        train(data, encoder, tmp_path / name, replace(PLAN, tasks=tasks))
    command = ["train", "--data", data, "--encoder", encoder, "--run", tmp_path / "taught", "--epochs", "1"]
    command += ["--teacher", tmp_path / "one", tmp_path / "other", "--taught", "stance", "attribution"]
    monkeypatch.setattr("sys.argv", [str(word) for word in command])
    main()
    plan = json.loads((tmp_path / "taught" / "config.json").read_text())
    assert plan["teachers"] == ["one", "other"]
    assert set(plan["taught"]) == {"stance", "attribution"}


def test_an_epoch_with_fewer_batches_than_the_first_does_not_stop_a_run(data, encoder, tmp_path, monkeypatch):
    whole = Sampler.epoch
    first = []

    def shorter(self, rng, *, press=False):
        makers = whole(self, rng, press=press)
        first.append(len(makers))
        return makers if len(first) == 1 else makers[:-1]

    monkeypatch.setattr(Sampler, "epoch", shorter)
    train(data, encoder, tmp_path, replace(PLAN, epochs=3))
    assert curve(tmp_path)[-1]["step"] == 3 * first[0]
