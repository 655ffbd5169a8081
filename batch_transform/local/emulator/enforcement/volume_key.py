"""The key of a job's volume: who creates the job gives SageMaker a grant for it.

Developer Guide of SageMaker, "API permissions": CreateTransformJob with a VolumeKmsKeyId needs
`kms:CreateGrant`; conditions see that the grant is for an AWS resource. EC2 asks for `kms:DescribeKey` as well (EBS
User Guide, "Requirements for Amazon EBS encryption").
"""

from __future__ import annotations

import json

from batch_transform.local.emulator.enforcement.calls import Call, refuse_calls
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.service import NAME

_OPERATIONS = ("Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant")


def plug_in() -> None:
    """Ask for the grant in each CreateTransformJob."""
    refuse_calls(NAME, _refuse)


def _refuse(call: Call) -> HttpAnswer | None:
    if call.operation != "CreateTransformJob":
        return None
    request = json.loads(call.body or b"{}")
    resources = request.get("TransformResources")
    key = resources.get("VolumeKmsKeyId") if isinstance(resources, dict) else None
    if not isinstance(key, str):
        return None
    for use in (
        KeyUse(key, "kms:DescribeKey", NAME, {}),
        KeyUse(key, "kms:CreateGrant", NAME, {}, _OPERATIONS),
    ):
        if (refused := refusal(use, call.caller)) is not None:
            answer = {"__type": refused.code, "message": refused.message}
            return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()
    return None
