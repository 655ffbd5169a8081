from __future__ import annotations

import urllib.request

import pytest

from batch_transform.local.proxies import without_proxy


@pytest.mark.parametrize(
    ("given", "exempt"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "a.example, b.example"}, "a.example,b.example,localhost,127.0.0.1,::1"),
        ({"no_proxy": "localhost", "NO_PROXY": "c"}, "localhost,c,127.0.0.1,::1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_the_loopback_is_added_to_the_existing_exemptions(given: dict[str, str], exempt: str) -> None:
    assert without_proxy(given) == {"NO_PROXY": exempt, "no_proxy": exempt}


def test_pythons_own_clients_respect_the_exemption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:1")
    for name, value in without_proxy({}).items():
        monkeypatch.setenv(name, value)
    assert [
        bool(urllib.request.proxy_bypass(host)) for host in ("127.0.0.1:4566", "localhost", "aws.example")
    ] == [
        True,
        True,
        False,
    ]
