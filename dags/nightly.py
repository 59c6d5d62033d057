"""### Who said what about whom, and how they stand: one run for each day

| task | reads | writes |
|---|---|---|
| `fetch` | the outlets' feeds and sitemaps, the archives | `raw`, `fetches`: the bytes as they came, written once |
| `normalise` | `raw` | `articles`; `sketches`, which tell copies; the refused in `quarantine`; the plan of shards |
| `read` | one shard of `articles` | its `mentions`, `statements` and `references` |
| `entities` | `mentions`, `statements`, `references` | `entities`: who each span refers to; `roles` |
| `stance` | `articles`, `statements`, `entities` | `stances`: how speakers stand toward people and issues |
| `sentiment` | `mentions`, `entities` | `sentiments`: the outlet's own voice toward people |
| `publish` | the whole lake | the warehouse and the front page, swapped in when their checks have passed |

**The day.** A run covers one UTC day, its *partition key*: the run of 6 January, 02:00, has the key `2026-01-05`.

**Run one day by hand.** *Trigger*, *Single run*, and give the day in the field `day` (or as the partition key under the
advanced options). Without either, the run covers the last whole UTC day before it.

**Run many days.** *Trigger*, *Backfill*, from the first day 00:00 to the last day 23:59, with the clock at the bottom
left at +00:00; *All Runs* does days again that were done before. Doing a day again is safe: it replaces what the day
had, and raw pages are never fetched twice. A live feed gives no past days; such a day ends well and shows as a gap in
`outlet_coverage_daily`. A source that fails night after night rests and says until when; doing a day again asks it.

**When a task fails** its log ends with one line that says what to do. Wrong settings and days fail at once;
anything else is tried three times more, after half a minute, one and two. Then, and when a run is not done six hours
after it was queued, a message goes where the connection `standpoint_alerts` leads: a webhook, Slack, or e-mail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, CronPartitionTimetable, Param, get_current_context, task
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowFailException

from dags.alerts import night_is_late, task_failed

if TYPE_CHECKING:
    from pipeline.settings import Settings

# One slot: the warehouse has one writer at a time, however many runs there are. The set-up creates the pool.
PUBLISH_POOL = "publish"
DEADLINE = timedelta(hours=6)
"""From the moment that a run is queued: a night begins at 02:00 UTC, and whoever reads it opens it in the morning."""


def table(name: str) -> Asset:
    """The asset that stands for one table of the lake: other DAGs can wait for it, day by day."""
    return Asset(name, uri=f"standpoint://lake/{name}")


def chosen_day() -> date:
    """The day of this run: its partition key, else its param `day`, else the last whole UTC day before the run.

    Raises:
        AirflowFailException: the key or the param is not a day, or they differ.
    """
    context = get_current_context()
    key, param = context.get("partition_key"), context["params"].get("day")
    if key and param and key != param:
        raise AirflowFailException(f"the partition key is {key} and the param day is {param}: give one of them")
    try:
        if key or param:
            return date.fromisoformat(str(key or param))
    except ValueError as error:
        raise AirflowFailException(f"{key or param} is not a day: write it as YYYY-MM-DD") from error
    # `run_after` is when the run became due: unlike the logical date it means the same for every kind of run.
    return (context["dag_run"].run_after.astimezone(UTC) - timedelta(days=1)).date()


@contextmanager
def stage() -> Iterator[tuple[date, Settings]]:
    """The day and the settings of this task; an error that trying again cannot cure fails the task at once."""
    from pipeline.settings import SettingsError, load_settings
    from pipeline.threads import cap_threads

    try:
        settings = load_settings()
        cap_threads(settings.threads)
        yield chosen_day(), settings
    except SettingsError as error:
        raise AirflowFailException(str(error)) from error


# Feeds and sitemaps end by themselves within the hour; archives may be as large as a day of the news crawl.
@task(outlets=[table("raw")], execution_timeout=timedelta(hours=6))
def fetch() -> None:
    """Raw pages of every source that has none for the day yet."""
    with stage() as (day, settings):
        from pipeline.runs import DayError, run_fetch

        try:
            problems = run_fetch(day, settings, today=datetime.now(UTC).date())
        except DayError as error:
            raise AirflowFailException(str(error)) from error
        for problem in problems:
            print(f"to look at: {problem}")


@task(
    inlets=[table("raw")],
    outlets=[table("articles"), table("sketches"), table("quarantine")],
    execution_timeout=timedelta(hours=2),
)
def normalise() -> list[dict[str, int]]:
    """Raw pages to articles, the rest to quarantine; returns the shards that the day is cut into for `read`."""
    with stage() as (day, settings):
        from pipeline.runs import plan_shards, run_normalise

        run_normalise(day, settings)
        shards = plan_shards(day, settings)
        return [{"shard": shard, "shards": shards} for shard in range(shards)]


@task(
    inlets=[table("articles")],
    execution_timeout=timedelta(hours=1),
    map_index_template="shard {{ task.op_kwargs['shard'] + 1 }} of {{ task.op_kwargs['shards'] }}",
)
def read(shard: int, shards: int) -> None:
    """Mentions and statements of one shard: the only task that runs the neural network over whole texts."""
    with stage() as (day, settings):
        from pipeline.runs import run_read

        run_read(day, settings, shard, shards)


# `mentions` and `statements` are whole only when every shard is read: this task is the first that knows.
@task(
    inlets=[table("articles")],
    outlets=[table(t) for t in ("mentions", "statements", "references", "headlines", "entities", "roles")],
    execution_timeout=timedelta(hours=2),
)
def entities() -> None:
    """Which entity each span refers to, and who has which role."""
    with stage() as (day, settings):
        from pipeline.runs import run_entities

        run_entities(day, settings)


@task(
    inlets=[table("articles"), table("statements"), table("entities")],
    outlets=[table("stances")],
    execution_timeout=timedelta(hours=1),
)
def stance() -> None:
    """How speakers stand toward the entities and issues that they speak of."""
    with stage() as (day, settings):
        from pipeline.runs import run_stance

        run_stance(day, settings)


@task(inlets=[table("mentions"), table("entities"), table("headlines")], outlets=[table("sentiments"), table("tones")])
def sentiment() -> None:
    """The outlet's own voice toward each entity, and the tone of each article."""
    with stage() as (day, settings):
        from pipeline.runs import run_sentiment

        run_sentiment(day, settings)


@task(
    inlets=[table("stances"), table("sentiments"), table("tones")],
    outlets=[Asset("warehouse", uri="standpoint://warehouse")],
    pool=PUBLISH_POOL,
    execution_timeout=timedelta(hours=6),  # after an upgrade every row is made anew
)
def publish() -> None:
    """The warehouse, built beside the old one, checked and swapped in; the front page of the day."""
    with stage() as (day, settings):
        from pipeline.runs import run_publish

        print(f"published {run_publish(day, settings)}")


class Nightly(DAG):
    """A DAG whose alarm is for runs that a scheduler watches."""

    def test(self, *args: Any, **given: Any) -> Any:
        # `airflow dags test` breaks at the end of a good run that has an alarm (Airflow 3.3's issue 73428).
        alarm, self.deadline = self.deadline, None
        try:
            return super().test(*args, **given)
        finally:
            self.deadline = alarm


with Nightly(
    "nightly",
    description="Fetch the day's articles, read them, publish who said what about whom.",
    doc_md=__doc__,
    schedule=CronPartitionTimetable("0 2 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=1,  # a late night waits for the one before it; a backfill has its own number
    params={
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Day",
            description="The UTC day of a single run; empty means the last whole UTC day. Leave it empty in a "
            "backfill, which takes its days from the range, and where you give a partition key.",
        )
    },
    deadline=DeadlineAlert(
        name="night",
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=DEADLINE,
        callback=SyncCallback(night_is_late),
    ),
    default_args={
        "on_failure_callback": task_failed,
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": 2.0,  # a multiplier: 30 s, 1 min, 2 min
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(minutes=30),
    },
    tags=["standpoint"],
) as dag:
    fetch() >> (parts := normalise()) >> read.expand_kwargs(parts) >> entities() >> [stance(), sentiment()] >> publish()
