"""The deployment's files hold together with the settings, with Airflow's own options and with one another."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dags.nightly import PUBLISH_POOL
from ops import home
from ops.make_secrets import fresh
from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "standpoint" in service["image"]}
VALUES: dict[str, Any] = yaml.safe_load((DOCKER / "helm-values.yaml").read_text())
VALUES_ENV = {entry["name"]: entry["value"] for entry in VALUES["env"]}
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
IMAGE_ENV = dict(re.findall(r"([A-Z_]+)=(\S+)", DOCKERFILE))
ASKED = re.compile(r"(?<!\$)\$\{(\w+)(:[-?][^}]*)?\}")


def test_every_part_of_airflow_is_a_service() -> None:
    assert set(OURS) == {"set-up", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert {"postgres", "redis"} <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_bounded_unprivileged_and_watched(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert limits["cpus"] and limits["memory"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert "healthcheck" in service or name == "set-up", "only what ends by itself needs no watch"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_listens_beyond_this_machine_by_default(name: str) -> None:
    assert all(port.startswith("${PRIVATE_ADDRESS:-127.0.0.1}:") for port in SERVICES[name].get("ports", []))


def test_images_are_pinned_to_a_release() -> None:
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)
    assert images
    for image in images:
        assert re.search(r":\d+\.\d+[^:]*\}?$", image), image


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.M) == [f"{VALUES['uid']}:{VALUES['gid']}"]
    assert "--constraint constraints.txt" in DOCKERFILE


def test_no_secret_has_a_default_and_the_script_makes_each() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    required = {name for name, default in ASKED.findall(text) if default.startswith(":?")}
    assert required == set(fresh())
    secret = {name for name, _ in ASKED.findall(text) if re.search("PASSWORD|SECRET|KEY", name)}
    assert secret - required == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, "a machine's role needs none"
    assert set(json.loads(fresh()["PASSWORDS"])) == set(home.USERS)
    assert fresh() != fresh()


def test_every_setting_of_the_pipeline_that_is_named_exists_and_what_it_needs_is_there() -> None:
    fields = Settings.model_fields
    for environment in (SERVICES["worker"]["environment"] | IMAGE_ENV, VALUES_ENV | IMAGE_ENV):
        named = {name.removeprefix("STANDPOINT_").lower() for name in environment if name.startswith("STANDPOINT_")}
        assert named <= set(fields)
        assert {name for name, field in fields.items() if field.is_required()} <= named


def test_every_option_of_airflow_that_is_named_exists() -> None:
    from airflow.configuration import conf

    described = conf.configuration_description
    known = {(section, option) for section, about in described.items() for option in about["options"]}
    celery = {"broker_url", "result_backend", "worker_concurrency"}  # of the provider, which tests do without
    known |= {("celery", option) for option in celery} | {("database", "sql_alchemy_conn_async")}
    named = [*SERVICES["worker"]["environment"], *VALUES_ENV, *IMAGE_ENV]
    options = {tuple(name.lower().split("__")[1:]) for name in named if name.startswith("AIRFLOW__")}
    options |= {(section, option) for section, given in VALUES["config"].items() for option in given}
    assert options
    assert options <= known


def test_every_process_has_the_same_settings() -> None:
    environments = [dict(service["environment"]) for service in OURS.values()]
    for environment in environments:
        environment.pop("PASSWORDS", None)
    assert all(environment == environments[0] for environment in environments)


def test_there_are_as_many_slots_as_tasks_may_run() -> None:
    environment = SERVICES["worker"]["environment"]
    default = dict(re.findall(r"\$\{(\w+):-(\d+)\}", (DOCKER / "compose.yaml").read_text()))
    assert int(default["SLOTS"]) == int(default["WORKERS"]) * int(default["WORKER_SLOTS"])
    assert environment["AIRFLOW__CORE__PARALLELISM"] == environment["AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG"]
    assert int(VALUES_ENV["AIRFLOW__CORE__PARALLELISM"]) == (
        VALUES["workers"]["replicas"] * VALUES["config"]["celery"]["worker_concurrency"]
    )


def test_the_set_up_makes_the_pool_that_publish_takes() -> None:
    assert f"airflow pools set {PUBLISH_POOL} 1 " in SERVICES["set-up"]["command"][-1]
    assert f"airflow pools set {PUBLISH_POOL} 1 " in (DOCKER / "helm-values.yaml").read_text()


def test_the_release_is_that_of_the_package_and_of_its_airflow() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    [release] = re.findall(r'^version = "(.*)"', project, re.M)
    [airflow] = re.findall(r'"apache-airflow==(.*)"', project)
    assert VALUES["defaultAirflowTag"] == release
    assert f"standpoint:{release}" in SERVICES["worker"]["image"]
    assert VALUES["airflowVersion"] == airflow
    assert "[celery,kubernetes]" in DOCKERFILE
