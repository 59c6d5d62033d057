"""A lake, an archive and the published warehouse in an S3-compatible object store on the loopback."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import runs
from pipeline.lake import Lake, LakeError
from pipeline.schemas import Articles, Entities, Mentions, Raw
from pipeline.settings import Settings
from pipeline.stores import file_system, upload
from pipeline.warehouse import PublishError, build_warehouse
from tests.cluster.store import BUCKET, serving
from tests.desk import CONFIG, DAY, Desk
from tests.faults.newsroom import CONFIG as NEWSROOM
from tests.faults.newsroom import DAYS, SmallReader, archive
from tests.published import rows

pytest.importorskip("moto")
pytestmark = pytest.mark.timeout(900)  # a night is some hundred requests, and a busy machine answers slowly


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with serving(tmp_path_factory.mktemp("store") / "store.log") as found, pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        yield


def a_day(lake: Lake) -> Lake:
    desk = Desk(lake)
    article = desk.article('Mara Voss said: "The tunnel is a mistake." Birch Daily had asked her.')
    desk.mention(article, "Mara Voss", "per-mara-voss")
    return desk.file()


@pytest.mark.usefixtures("store")
def test_what_is_written_is_read_again_and_what_is_dropped_is_gone() -> None:
    lake = a_day(Lake(f"s3://{BUCKET}/round"))
    assert lake.days(Articles) == [DAY]
    assert lake.read(Mentions, DAY)["text"].to_list() == ["Mara Voss"]
    lake.drop(Mentions, DAY, "0")
    assert not lake.has(Mentions, DAY)
    lake.drop(Mentions, DAY, "0")
    assert lake.read(Mentions, DAY).is_empty()


@pytest.mark.usefixtures("store")
def test_shards_of_another_number_make_way() -> None:
    lake = Lake(f"s3://{BUCKET}/shards")
    for shard in range(3):
        lake.write(Mentions, DAY, Mentions.create_empty(), f"{shard:03d}-of-003")
    lake.write(Mentions, DAY, Mentions.create_empty(), "000-of-002")
    assert [part.rpartition("/")[2] for part in lake.parts(Mentions, DAY)] == ["part-000-of-002.parquet"]
    with pytest.raises(LakeError, match=r"mentions of .* is incomplete: shards \[0\] of 2"):
        lake.read(Mentions, DAY)


@pytest.mark.usefixtures("store")
def test_the_warehouse_of_a_lake_in_a_store_is_that_of_a_folder(tmp_path: Path) -> None:
    build_warehouse(a_day(Lake(tmp_path / "lake")), tmp_path / "folder.duckdb", CONFIG, threads=2)
    build_warehouse(a_day(Lake(f"s3://{BUCKET}/lake")), tmp_path / "store.duckdb", CONFIG, threads=2)
    assert rows(tmp_path / "store.duckdb") == rows(tmp_path / "folder.duckdb")
    assert rows(tmp_path / "store.duckdb")["mentions"]


@pytest.mark.usefixtures("store")
def test_a_night_from_an_archive_to_a_copy_of_the_warehouse_needs_no_shared_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
    fs, _ = file_system(f"s3://{BUCKET}")
    fs.pipe_file(f"{BUCKET}/archive/{DAYS[0]}.jsonl.gz", archive(DAYS[0]))
    (tmp_path / "newsroom.toml").write_text(
        NEWSROOM.replace("archive/{day}.jsonl.gz", f"s3://{BUCKET}/archive/{{day}}.jsonl.gz")
    )
    settings = [
        Settings(
            lake=f"s3://{BUCKET}/night",
            warehouse=tmp_path / worker / "warehouse.duckdb",
            config=tmp_path / "newsroom.toml",
            publish_to=f"s3://{BUCKET}/published/",
        )
        for worker in ("first", "second")
    ]
    assert runs.run_fetch(DAYS[0], settings[0], today=DAYS[1]) == []
    runs.run_normalise(DAYS[0], settings[1])
    for shard in range(2):
        runs.run_read(DAYS[0], settings[shard], shard, 2)
    runs.run_entities(DAYS[0], settings[0])
    runs.run_stance(DAYS[0], settings[1])
    runs.run_sentiment(DAYS[0], settings[0])
    runs.run_publish(DAYS[0], settings[1])
    for name in ("warehouse.duckdb", "report.html", f"nights/{DAYS[0]}.html", "nights/index.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        fs.get_file(f"{BUCKET}/published/{name}", str(tmp_path / name))
        assert (tmp_path / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert len(rows(tmp_path / "warehouse.duckdb")["articles"]) == 5


@pytest.mark.usefixtures("store")
def test_a_day_without_a_file_in_the_store_is_a_gap_and_a_damaged_file_a_failure(tmp_path: Path) -> None:
    fs, _ = file_system(f"s3://{BUCKET}")
    line = json.dumps({"url": "https://harbourtimes.example/1"}).encode()
    fs.pipe_file(f"{BUCKET}/damaged/{DAYS[0]}.jsonl.gz", gzip.compress(line * 99)[:-20])
    (tmp_path / "newsroom.toml").write_text(
        NEWSROOM.replace("archive/{day}.jsonl.gz", f"s3://{BUCKET}/damaged/{{day}}.jsonl.gz")
    )
    settings = Settings(lake=str(tmp_path / "lake"), warehouse=tmp_path / "w", config=tmp_path / "newsroom.toml")
    [cut_off] = runs.run_fetch(DAYS[0], settings, today=DAYS[1])
    assert f"s3://{BUCKET}/damaged/{DAYS[0]}.jsonl.gz is cut off" in cut_off
    assert runs.run_fetch(DAYS[1], settings, today=DAYS[1]) == []
    assert not Lake(settings.lake).has(Raw, DAYS[1])


@pytest.mark.usefixtures("store")
def test_a_store_that_refuses_is_told_in_one_line() -> None:
    lake = Lake("s3://nobodys/lake")
    with pytest.raises(
        LakeError, match=r"^cannot list nobodys/lake/table=articles: [^\n]*; check that STANDPOINT_LAKE"
    ):
        lake.days(Articles)
    with pytest.raises(LakeError, match=r"^cannot write nobodys/lake/[^\n]*; check that STANDPOINT_LAKE"):
        lake.write(Entities, DAY, Entities.create_empty())


@pytest.mark.usefixtures("store")
def test_a_copy_that_fails_leaves_the_published_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
    a_day(Lake(tmp_path / "lake"))
    (tmp_path / "newsroom.toml").write_text(NEWSROOM)
    settings = Settings(
        lake=str(tmp_path / "lake"),
        warehouse=tmp_path / "w.duckdb",
        config=tmp_path / "newsroom.toml",
        publish_to="s3://nobodys",
    )
    with pytest.raises(PublishError, match=r"w\.duckdb is published, but cannot be copied to s3://nobodys: "):
        runs.run_publish(DAY, settings)
    assert rows(tmp_path / "w.duckdb")["articles"]


def test_the_index_of_nights_knows_those_that_other_machines_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "load_reader", lambda folder, threads: SmallReader())
    (tmp_path / "newsroom.toml").write_text(NEWSROOM)
    lake = a_day(Lake(tmp_path / "lake"))
    for worker, day in (("first", DAY), ("second", DAY - timedelta(days=1))):
        settings = Settings(
            lake=lake.root,
            warehouse=tmp_path / worker / "w.duckdb",
            config=tmp_path / "newsroom.toml",
            publish_to=str(tmp_path / "share"),
        )
        runs.run_publish(day, settings)
    share = tmp_path / "share"
    assert f"{DAY}.html" in (share / "nights" / "index.html").read_text()
    assert (share / "report.html").read_bytes() == (tmp_path / "first" / "report.html").read_bytes()
    assert not (tmp_path / "second" / "report.html").exists(), "the newer night keeps the front page"


def test_a_copy_may_go_to_a_folder_and_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    for _ in range(2):
        upload(tmp_path / "new", str(tmp_path / "share" / "file"))
    assert [path.name for path in (tmp_path / "share").iterdir()] == ["file"]
    assert (tmp_path / "share" / "file").read_text() == "new"
