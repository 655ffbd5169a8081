"""The private parts of the emulator that we plug into, and the check that they are there."""

from __future__ import annotations

import importlib
import inspect
import operator
from collections.abc import Mapping
from importlib import metadata

from batch_transform.spec.errors import EmulatorHookError

PINNED_RELEASE = "1.5.33"

HOOKS: Mapping[str, type | tuple[str, ...]] = {
    # the service
    "ministack.app:app": ("scope", "receive", "send"),
    "ministack.app:SERVICE_REGISTRY": dict,
    "ministack.app:SERVICE_HANDLERS": dict,
    "ministack.app:_loaded_modules": dict,
    "ministack.app:_state_map": dict,
    "ministack.core.router:SERVICE_PATTERNS": dict,
    "ministack.core.iam_actions:SERVICE_TO_IAM_NAMESPACE": dict,
    "ministack.core.concurrency:run_reentrant": ("fn", "args", "thread_name"),
    "ministack.core.responses:get_account_id": (),
    "ministack.core.responses:get_region": (),
    "ministack.core.responses:request_scope": ("account_id", "region"),
    # IAM, where it is enforced
    "ministack.app:AUTH": bool,
    "ministack.core.iam_actions:extract_resource_arn": (
        "service",
        "method",
        "path",
        "headers",
        "body",
        "query_params",
        "region",
        "account_id",
    ),
    "ministack.core.iam_actions:access_denied_response": (
        "service",
        "action",
        "principal_arn",
        "request_id",
        "error_code",
        "message",
        "headers",
        "resource_arn",
        "explicit_deny",
        "resource_policy_arn",
    ),
    "ministack.core.iam_evaluator:enforce": (
        "access_key_id",
        "iam_action",
        "service",
        "region",
        "resource_arn",
        "service_context",
    ),
    "ministack.core.iam_evaluator:evaluate_trust_policy": ("trust_doc", "caller_arn", "ctx"),
    "ministack.core.router:extract_access_key_id": ("headers", "query_params"),
    "ministack.services.iam:_roles.get_scoped": ("account_id", "region", "key", "default"),
    "ministack.services.sts:register_session": ("access_key", "session"),
    "ministack.services.eventbridge:_put_events": ("data", "allow_aws_source"),
    # CloudFormation
    "ministack.services.cloudformation.provisioners:_RESOURCE_HANDLERS": dict,
    "ministack.services.cloudformation.provisioners:_REPLACING_PROPERTIES": dict,
    "ministack.services.cloudformation.provisioners:_CUSTOM_NAME_REPLACEMENT": dict,
    "ministack.services.cloudformation.provisioners:_STACK_TAG_PROPERTY": dict,
    "ministack.services.cloudformation.provisioners:_physical_name": (
        "stack_name",
        "logical_id",
        "lowercase",
        "max_len",
        "seeded",
    ),
    # Step Functions
    "ministack.services.stepfunctions:_SERVICE_DISPATCH": dict,
    "ministack.services.stepfunctions:_AWS_SDK_SERVICE_MAP": dict,
    "ministack.services.stepfunctions:_AWS_SDK_ERROR_PREFIX": dict,
    "ministack.services.stepfunctions:_AWS_SDK_ERROR_CODE_OVERRIDES": dict,
    "ministack.services.stepfunctions:_state_machines.get": ("key", "default"),
    "ministack.services.stepfunctions:_ExecutionError": ("error", "cause"),
    "ministack.services.stepfunctions:_execute_task": ("state_def", "raw_input", "execution", "ctx"),
    "ministack.services.stepfunctions:_fail_execution": ("execution", "error", "cause"),
    # EventBridge Scheduler
    "ministack.services.scheduler:_SCHEDULE_TICK_INTERVAL": int,
    "ministack.services.scheduler:_ticker_loop": (),
    # Lambda
    "ministack.core.lambda_runtime:_detect_runtime_binary": ("runtime",),
    "ministack.core.lambda_runtime:reset": (),
}
"""`module:name` -> the type of a value, or the parameters of a callable."""


def check(hooks: Mapping[str, type | tuple[str, ...]] = HOOKS) -> None:
    """Raise EmulatorHookError naming every hook that the installed emulator lacks."""
    missing = [problem for name, wanted in hooks.items() if (problem := _problem(name, wanted))]
    if missing:
        raise EmulatorHookError(
            f"the emulator lacks {'; '.join(missing)}: ministack {_installed()} is installed, {PINNED_RELEASE} is "
            "needed (pip install -r requirements-local.txt)"
        )


def _problem(name: str, wanted: type | tuple[str, ...]) -> str | None:
    module_name, _, attribute = name.partition(":")
    try:
        hook = operator.attrgetter(attribute)(importlib.import_module(module_name))
    except (ImportError, AttributeError):
        return name
    if isinstance(wanted, type):
        return None if isinstance(hook, wanted) else f"{name} as {wanted.__name__}"
    parameters = tuple(inspect.signature(hook).parameters)
    return None if parameters == wanted else f"{name}({', '.join(wanted)})"


def _installed() -> str:
    try:
        return metadata.version("ministack")
    except metadata.PackageNotFoundError:
        return "no release"
