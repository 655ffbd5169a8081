"""Service Quotas as a service of the emulator: how many instances of each type transform jobs may use at once.

AWS's own values differ between accounts. Here, transform jobs have a quota of DEFAULT for each instance type that has
an example price, unless the file of `--quotas` has another one, which limits the transform jobs as well.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from batch_transform.local.emulator import stateless_service
from batch_transform.local.emulator.operations import HttpAnswer, refusal
from batch_transform.local.emulator.price_list_service import EXAMPLE_PRICES

NAME = "servicequotas"
DEFAULT = 20

_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_SERVICE = {"ServiceCode": "sagemaker", "ServiceName": "Amazon SageMaker"}
_MOST = 100


def plug_in(given: Callable[[], Mapping[str, float]]) -> None:
    """Route the requests of Service Quotas here. `given` returns the quotas that aren't the defaults."""

    def answer(operation: str, request: Mapping[str, Any]) -> HttpAnswer:
        if operation == "ListAWSDefaultServiceQuotas":
            return _page(request, {_name(instance_type): DEFAULT for instance_type in EXAMPLE_PRICES})
        if operation == "ListServiceQuotas":
            return _page(request, given())
        return refusal("UnknownOperationException", f"the local AWS has no {NAME}:{operation}")

    stateless_service.plug_in(
        NAME, answer, target_prefix="ServiceQuotasV20190624.", host_pattern=r"^servicequotas\."
    )


def _name(instance_type: str) -> str:
    return f"{instance_type} for transform job usage"


def _page(request: Mapping[str, Any], quotas: Mapping[str, float]) -> HttpAnswer:
    """Return a page of quotas, in the order of their names."""
    if request.get("ServiceCode") != _SERVICE["ServiceCode"]:
        return refusal("NoSuchResourceException", "the local AWS has quotas of sagemaker alone")
    start, most = int(request.get("NextToken") or 0), int(request.get("MaxResults") or _MOST)
    names = sorted(quotas)
    answer: dict[str, Any] = {
        "Quotas": [
            {
                **_SERVICE,
                # AWS's codes aren't documented as a list: these only have their form.
                "QuotaCode": f"L-{zlib.crc32(name.encode()):08X}",
                "QuotaName": name,
                "Value": float(quotas[name]),
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
            for name in names[start : start + most]
        ]
    }
    if start + most < len(names):
        answer["NextToken"] = str(start + most)
    return 200, dict(_JSON), json.dumps(answer).encode()
