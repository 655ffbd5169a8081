from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from batch_transform.job.errors import TransformJobError
from batch_transform.local.model_server.image import Images
from batch_transform.local.model_server.pool import MOST_IDLE, ModelServers
from patience import PATIENCE_SECONDS

IMAGE = (Path(__file__).parents[1] / "model_folder").as_uri()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[ModelServers]:
    pool = ModelServers(Images(), tmp_path)
    yield pool
    pool.close()


def url_of(servers: ModelServers, tmp_path: Path, **environment: str) -> str:
    with servers.lease(IMAGE, tmp_path, environment, threading.Event()) as lease:
        return lease.url


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/ping", timeout=PATIENCE_SECONDS, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_the_same_model_and_environment_share_a_server(servers: ModelServers, tmp_path: Path) -> None:
    url = url_of(servers, tmp_path, A="1")
    assert url_of(servers, tmp_path, A="1") == url
    assert url_of(servers, tmp_path, A="2") != url
    assert url_of(servers, tmp_path / "other-model", A="1") != url


def test_two_jobs_at_once_share_a_server(servers: ModelServers, tmp_path: Path) -> None:
    stop = threading.Event()
    with servers.lease(IMAGE, tmp_path, {}, stop) as one, servers.lease(IMAGE, tmp_path, {}, stop) as other:
        assert one.url == other.url


def test_a_server_that_died_is_replaced(servers: ModelServers, tmp_path: Path) -> None:
    url = url_of(servers, tmp_path)
    for server in servers._servers.values():
        server.process.end()
    replaced = url_of(servers, tmp_path)
    assert answers(replaced)
    assert not answers(url) or url == replaced


def test_a_server_that_no_longer_answers_pings_is_replaced(servers: ModelServers, tmp_path: Path) -> None:
    url = url_of(servers, tmp_path, BEHAVIOUR="sick")
    assert url_of(servers, tmp_path, BEHAVIOUR="sick") == url
    urllib3.request("POST", f"{url}/invocations", body=b"x")  # it hangs from now on
    replaced = url_of(servers, tmp_path, BEHAVIOUR="sick")
    assert replaced != url
    assert answers(replaced)


def test_a_limited_number_of_idle_servers_is_kept(servers: ModelServers, tmp_path: Path) -> None:
    urls = [url_of(servers, tmp_path, NUMBER=str(number)) for number in range(MOST_IDLE + 2)]
    assert [answers(url) for url in urls] == [False, False] + [True] * MOST_IDLE


def test_a_server_that_failed_is_not_kept(servers: ModelServers, tmp_path: Path) -> None:
    with pytest.raises(TransformJobError) as failed:
        url_of(servers, tmp_path, BEHAVIOUR="break")
    assert failed.value.log_lines == ("ImportError: no module named churn",)
    assert servers._servers == {}


def test_stopping_ends_the_wait_for_a_ping(tmp_path: Path, until: Callable[..., None]) -> None:
    servers = ModelServers(Images(), tmp_path, ping_timeout=600.0)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with servers.lease(IMAGE, tmp_path, {"BEHAVIOUR": "silent"}, stop):
        assert stop.is_set()
    assert servers._servers == {}


def test_a_servers_environment_has_none_of_our_variables(
    servers: ModelServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    monkeypatch.setenv("AWS_PROFILE", "production")
    url = url_of(servers, tmp_path, BEHAVIOUR="environment")
    environment = urllib3.request("POST", f"{url}/invocations", body=b"x").data
    assert b"MY_TOKEN" not in environment
    assert b"AWS_PROFILE" not in environment


def test_fails_when_the_pool_is_closed(servers: ModelServers, tmp_path: Path) -> None:
    url = url_of(servers, tmp_path)
    servers.close()
    assert not answers(url)
    with pytest.raises(TransformJobError, match="the local AWS is shutting down"):
        url_of(servers, tmp_path)
