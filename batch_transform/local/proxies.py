"""Keeps requests to this machine away from proxies."""

from __future__ import annotations

from collections.abc import Mapping

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAMES = ("no_proxy", "NO_PROXY")


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep calls to the loopback from HTTP_PROXY, HTTPS_PROXY and ALL_PROXY.

    Hosts in the user's own NO_PROXY stay in it. Programs read either spelling of the name.
    """
    given = [name for variable in _NAMES for name in environment.get(variable, "").replace(",", " ").split()]
    exempt = "*" if "*" in given else ",".join(dict.fromkeys([*given, *LOOPBACK]))
    return dict.fromkeys(_NAMES, exempt)
