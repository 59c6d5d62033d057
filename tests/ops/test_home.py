"""The local Airflow's environment: its own, on this machine alone, its secrets for one user."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops import home


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(home, "STATE", tmp_path)
    monkeypatch.setattr(home, "HOME", tmp_path / "airflow")
    for name in ("CONFIG", "LAKE", "WAREHOUSE"):
        monkeypatch.delenv(f"STANDPOINT_{name}", raising=False)
    home.make_home()
    return tmp_path


def test_nothing_of_another_airflow_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_BANK", "secret")
    env = home.environment()
    assert env["AIRFLOW_HOME"] == str(home.HOME)
    assert env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW_CONN_BANK" not in env


def test_every_address_is_this_machines() -> None:
    env = home.environment(port=8123)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"


def test_talk_within_airflow_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "intranet.example")
    env = home.environment()
    assert env["NO_PROXY"].split(",") == env["no_proxy"].split(",") == ["intranet.example", "127.0.0.1", "localhost"]
    assert env["https_proxy"] == "http://proxy.example:3128"


def test_the_samples_web_takes_the_place_of_the_users_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    env = home.environment(proxy="http://127.0.0.1:1")
    assert env["HTTP_PROXY"] == env["http_proxy"] == "http://127.0.0.1:1"


def test_secrets_are_made_once_and_for_their_owner_alone() -> None:
    first, logins = home.environment(), home.logins()
    assert home.environment()["AIRFLOW__API_AUTH__JWT_SECRET"] == first["AIRFLOW__API_AUTH__JWT_SECRET"]
    assert home.logins() == logins
    assert set(logins) == set(home.USERS)
    files = [path for path in home.HOME.iterdir() if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert home.HOME.stat().st_mode & 0o777 == 0o700


def test_without_a_configuration_of_ones_own_the_sample_is_run_in_its_own_place() -> None:
    assert home.is_sample()
    settings = home.newsroom()
    assert Path(settings["STANDPOINT_CONFIG"]).is_file()
    assert "sample" in Path(settings["STANDPOINT_LAKE"]).parts


def test_ones_own_newsroom_never_meets_the_samples_articles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDPOINT_CONFIG", "/my/newsroom.toml")
    monkeypatch.setenv("STANDPOINT_WAREHOUSE", "/my/warehouse.duckdb")
    settings = home.newsroom()
    assert not home.is_sample()
    assert settings["STANDPOINT_CONFIG"] == "/my/newsroom.toml"
    assert settings["STANDPOINT_WAREHOUSE"] == "/my/warehouse.duckdb"
    assert "sample" not in Path(settings["STANDPOINT_LAKE"]).parts
