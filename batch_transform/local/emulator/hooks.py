"""The private parts of the emulator that we plug into, and the check that they are there."""

from __future__ import annotations

import importlib
import inspect
import operator
from _thread import LockType
from collections.abc import Mapping
from contextvars import ContextVar
from importlib import metadata
from types import ModuleType

from batch_transform.spec.errors import EmulatorHookError

PINNED_RELEASE = "1.5.33"

_DEPLOY = (
    "stack_name",
    "stack_id",
    "template",
    "param_values",
    "disable_rollback",
    "tags",
    "is_update",
    "previous_stack",
    "retain_except_on_create",
    "imports",
)

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
    "ministack.app:_routing_params": ("method", "path", "headers", "body", "query_params"),
    "ministack.app:call_service_handler_sync": (
        "handler",
        "method",
        "path",
        "headers",
        "body",
        "query_params",
        "timeout",
    ),
    "ministack.core.iam_actions:extract_iam_action": (
        "service",
        "method",
        "path",
        "headers",
        "body",
        "query_params",
    ),
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
    "ministack.core.iam_actions:s3_service_context": ("iam_action", "query_params", "path", "headers"),
    "ministack.core.iam_evaluator:enforce": (
        "access_key_id",
        "iam_action",
        "service",
        "region",
        "resource_arn",
        "service_context",
    ),
    "ministack.core.iam_evaluator:resolve_principal": ("access_key_id", "account_id", "credential"),
    "ministack.core.iam_evaluator:evaluate": ("ctx", "policies", "limits"),
    "ministack.core.iam_evaluator:combine_resource_policy": (
        "identity",
        "ctx",
        "policy",
        "owner_account",
        "required",
        "limits",
    ),
    "ministack.core.iam_evaluator:evaluate_resource_policy": (
        "doc",
        "ctx",
        "service",
        "named_only",
        "direct_only",
    ),
    "ministack.core.iam_evaluator:evaluate_trust_policy": ("trust_doc", "caller_arn", "ctx"),
    "ministack.core.router:extract_access_key_id": ("headers", "query_params"),
    "ministack.core.lambda_runtime:execution_credentials": ("config",),
    "ministack.services.iam:_roles.get_scoped": ("account_id", "region", "key", "default"),
    "ministack.services.sts:register_session": ("access_key", "session"),
    "ministack.services.eventbridge:_put_events": ("data", "allow_aws_source"),
    "ministack.services.eventbridge:_put_rule": ("data",),
    "ministack.services.eventbridge:_invoke_target": ("target", "event", "rule", "view"),
    "ministack.services.cloudwatch:_dispatch_alarm_actions": ("alarm", "old_state", "new_state", "reason"),
    "ministack.services.cloudwatch_logs:_log_groups.get": ("key", "default"),
    "ministack.services.lambda_svc:_emit_lambda_logs": (
        "func",
        "request_id",
        "log_text",
        "error",
        "duration_ms",
        "log_source",
    ),
    "ministack.services.lambda_svc:_execute_function": ("func", "event"),
    "ministack.services.lambda_svc:_route_async_failure": ("target_arn", "func_name", "event", "result"),
    "ministack.services.lambda_svc:function_policy_for_arn": ("resource_arn",),
    "ministack.services.sns:_deliver_to_lambda": (
        "endpoint",
        "envelope",
        "topic_arn",
        "sub_arn",
        "msg_id",
        "raw_message",
        "message_attributes",
    ),
    "ministack.services.sns:_topic_by_arn_any_scope": ("topic_arn",),
    "ministack.services.sns:topic_policy_allows": ("topic_arn", "service", "source_arn", "source_account"),
    "ministack.services.sqs:_queue_by_arn": ("arn",),
    "ministack.services.sqs:queue_policy_allows": ("queue_arn", "service", "source_arn", "source_account"),
    "ministack.services.kms:_resolve_key": ("key_id_or_arn",),
    "ministack.services.kms:_aliases.items": (),
    "ministack.services.kms:_grants.values": (),
    "ministack.services.s3:_buckets.get": ("key", "default"),
    "ministack.services.s3:_bucket_encryption.get": ("key", "default"),
    "ministack.services.s3:_multipart_uploads.get": ("key", "default"),
    "ministack.services.s3:_resolve_sse_write_headers": ("headers", "bucket_name"),
    "ministack.services.s3:_put_bucket_encryption": ("name", "body"),
    "ministack.services.s3:_delete_bucket_encryption": ("name",),
    "ministack.services.s3:_put_bucket_lifecycle": ("name", "body"),
    "ministack.services.s3:_delete_bucket_lifecycle": ("name",),
    "ministack.services.s3:_object_versions.get": ("key", "default"),
    # S3: bodies in files, and what is kept
    "ministack.app:_read_request_body": ("receive", "method", "headers"),
    "ministack.app:_decode_aws_chunked_body": ("body", "headers"),
    "ministack.app:_IncompleteRequestBody": type,
    "ministack.app:_RequestBodyDisconnected": type,
    "ministack.app:_send_response": ("send", "status", "headers", "body", "head"),
    "ministack.app:_asgi_header_list": ("headers",),
    "ministack.services.s3:hashlib": ModuleType,
    "ministack.services.s3:zlib": ModuleType,
    "ministack.services.s3:md5_hash": ("data",),
    "ministack.services.s3:_dispatch": ("method", "bucket", "key", "headers", "body", "query_params"),
    "ministack.services.s3:_build_object_record": ("body", "headers", "etag", "checksums"),
    "ministack.services.s3:_complete_multipart_upload": (
        "bucket_name",
        "key",
        "body",
        "query_params",
        "headers",
    ),
    "ministack.services.s3:_completed_multipart_uploads.pop": ("key", "args"),
    "ministack.services.s3:_maybe_replicate": ("bucket_name", "key", "obj", "data", "tags"),
    "ministack.services.s3:_record_object_version": ("bucket_name", "key", "prior_obj", "obj", "data"),
    "ministack.services.s3:_fire_s3_event_async": (
        "bucket_name",
        "key",
        "event_name",
        "size",
        "etag",
        "deletion_type",
        "version_id",
        "object_extra",
        "record_extra",
    ),
    "ministack.services.s3:_get_object_data": ("bucket_name", "key", "version_id"),
    "ministack.services.s3:_error": ("code", "message", "status", "resource", "extra", "headers"),
    "ministack.services.s3:_persist_version_state": ("bucket_name", "key", "bucket"),
    "ministack.services.s3:_persist_delete_marker": ("bucket_name", "key", "marker"),
    "ministack.services.s3:_delete_persisted_object": ("bucket_name", "key"),
    "ministack.services.s3:_delete_persisted_bucket": ("name",),
    "ministack.services.s3:_PERSISTED_BUCKET_DICTS": dict,
    "ministack.services.s3:_object_tags._data": dict,
    "ministack.services.s3:_object_acl._data": dict,
    "ministack.services.s3:_object_annotations._data": dict,
    "ministack.services.s3:_object_retention._data": dict,
    "ministack.services.s3:_object_legal_hold._data": dict,
    "ministack.services.s3:reset": (),
    "ministack.services.s3:_delete_object_version": ("bucket", "bucket_name", "key", "version_id"),
    "ministack.services.s3:_delete_object": ("bucket_name", "key", "headers", "query_params"),
    "ministack.services.s3:_delete_bucket": ("name",),
    "ministack.services.cloudformation.provisioners:_S3_BUCKET_CONFIGURATIONS": tuple,
    "ministack.services.stepfunctions:_create_state_machine": ("data",),
    "ministack.services.stepfunctions:_update_state_machine": ("data",),
    "ministack.services.stepfunctions:_invoke_resource": ("resource", "input_data"),
    # CloudFormation
    "ministack.services.cloudformation:_stacks.items": (),
    "ministack.services.cloudformation:_exports.get": ("key", "default"),
    "ministack.services.cloudformation.changesets:_deploy_stack_async": _DEPLOY,
    "ministack.services.cloudformation.handlers:_deploy_stack_async": _DEPLOY,
    "ministack.services.cloudformation.handlers:_imported_export_names": ("stack", "stack_name"),
    "ministack.services.cloudformation.stacks:_add_event": (
        "stack_id",
        "stack_name",
        "logical_id",
        "resource_type",
        "status",
        "reason",
        "physical_id",
        "detailed_status",
    ),
    "ministack.services.cloudformation.stacks:_deploy_stack_async": _DEPLOY,
    "ministack.services.cloudformation.stacks:_resolve_stack_outputs": (
        "outputs_defs",
        "conditions",
        "resources",
        "param_values",
        "mappings",
        "stack_name",
        "stack_id",
    ),
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
    "ministack.services.cloudformation.provisioners:_sfn_definition": ("props",),
    "ministack.services.cloudformation.provisioners:_sfn_handler_error": ("message",),
    "ministack.services.stepfunctions:_activities.get": ("key", "default"),
    "ministack.services.stepfunctions:_activity_tasks.get": ("key", "default"),
    "ministack.services.stepfunctions:_apply_catcher": (
        "catcher",
        "raw_input",
        "ctx",
        "query_language",
        "error_output",
    ),
    "ministack.services.stepfunctions:_apply_input_path": (
        "state_def",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_apply_jsonata_arguments": (
        "state_def",
        "raw_input",
        "ctx",
    ),
    "ministack.services.stepfunctions:_apply_jsonata_output": (
        "state_def",
        "raw_input",
        "ctx",
        "result",
        "error_output",
        "default",
    ),
    "ministack.services.stepfunctions:_apply_jsonata_template": (
        "value",
        "raw_input",
        "ctx",
        "result",
        "error_output",
    ),
    "ministack.services.stepfunctions:_apply_output_path": (
        "state_def",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_apply_parameters": (
        "state_def",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_apply_result_path": (
        "state_def",
        "original",
        "result",
    ),
    "ministack.services.stepfunctions:_apply_result_path_raw": (
        "result_path",
        "original",
        "result",
    ),
    "ministack.services.stepfunctions:_apply_result_selector": (
        "state_def",
        "data",
    ),
    "ministack.services.stepfunctions:_apply_state_assign": (
        "state_def",
        "raw_input",
        "ctx",
        "result",
        "error_output",
    ),
    "ministack.services.stepfunctions:_describe_execution": ("data",),
    "ministack.services.stepfunctions:_error_matches": (
        "error_equals",
        "error",
    ),
    "ministack.services.stepfunctions:_eval_intrinsic_arg": (
        "arg",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_evaluate_intrinsic": (
        "expression",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_evaluate_jsonata": (
        "expression",
        "raw_input",
        "ctx",
        "result",
        "error_output",
    ),
    "ministack.services.stepfunctions:_evaluate_rule": (
        "rule",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_exec_intrinsic": (
        "node",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_execute_choice": ("state_def", "raw_input", "ctx"),
    "ministack.services.stepfunctions:_execute_map": ("state_def", "raw_input", "execution", "ctx"),
    "ministack.services.stepfunctions:_execute_parallel": ("state_def", "raw_input", "execution", "ctx"),
    "ministack.services.stepfunctions:_execute_pass": ("state_def", "raw_input", "ctx"),
    "ministack.services.stepfunctions:_execute_wait": (
        "state_def",
        "raw_input",
        "ctx",
    ),
    "ministack.services.stepfunctions:_fail_state_error": (
        "state_def",
        "raw_input",
        "ctx",
    ),
    "ministack.services.stepfunctions:_fail_state_field": (
        "state_def",
        "field",
        "default",
        "raw_input",
        "ctx",
    ),
    "ministack.services.stepfunctions:_get_execution_history": ("data",),
    "ministack.services.stepfunctions:_invoke_nested_start_execution": (
        "resource",
        "input_data",
    ),
    "ministack.services.stepfunctions:_invoke_nested_start_execution_sync": (
        "resource",
        "input_data",
    ),
    "ministack.services.stepfunctions:_iso_to_epoch_ms": ("iso",),
    "ministack.services.stepfunctions:_jsonata_state_field": (
        "state_def",
        "field",
        "expected",
        "raw_input",
        "ctx",
    ),
    "ministack.services.stepfunctions:_map_runs.items": (),
    "ministack.services.stepfunctions:_next_or_end": ("state_def",),
    "ministack.services.stepfunctions:_parse_intrinsic_call": (
        "s",
        "pos",
    ),
    "ministack.services.stepfunctions:_resolve_ctx_path": (
        "path",
        "ctx",
    ),
    "ministack.services.stepfunctions:_resolve_params_obj": (
        "template",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_resolve_path": (
        "path",
        "data",
    ),
    "ministack.services.stepfunctions:_resolve_path_or_ctx": (
        "path",
        "data",
        "ctx",
    ),
    "ministack.services.stepfunctions:_run_distributed_map": (
        "state_def",
        "raw_input",
        "effective",
        "iterator",
        "execution",
        "ctx",
    ),
    "ministack.services.stepfunctions:_run_map_items": (
        "state_def",
        "raw_input",
        "execution",
        "ctx",
    ),
    "ministack.services.stepfunctions:_run_parallel_branches": (
        "state_def",
        "raw_input",
        "execution",
        "ctx",
    ),
    "ministack.services.stepfunctions:_run_sub_machine": (
        "states",
        "start_at",
        "input_data",
        "execution",
        "ctx",
    ),
    "ministack.services.stepfunctions:_scaled_sleep": ("seconds",),
    "ministack.services.stepfunctions:_start_sync_execution": ("data",),
    "ministack.services.stepfunctions:_state_query_language": (
        "state_def",
        "ctx",
    ),
    "ministack.services.stepfunctions:_stop_execution": ("data",),
    "ministack.services.stepfunctions:_task_tokens.get": ("key", "default"),
    "ministack.services.stepfunctions:_validate_state_machine_definition": ("data",),
    "ministack.services.stepfunctions:_with_retry_and_catch": (
        "state_def",
        "raw_input",
        "ctx",
        "attempt",
    ),
    # EventBridge Scheduler
    "ministack.services.scheduler:_SCHEDULE_TICK_INTERVAL": int,
    "ministack.services.scheduler:_ticker_loop": (),
    "ministack.services.stepfunctions:_executions.get": ("key", "default"),
    "ministack.services.stepfunctions:_run_execution": ("exec_arn",),
    "ministack.services.stepfunctions:_add_event": ("execution", "event_type", "details"),
    "ministack.services.stepfunctions:_emit_execution_status_event": ("execution",),
    "ministack.core.responses:now_iso": (),
    # CloudWatch
    "ministack.services.cloudwatch:_alarms.all_items": (),
    "ministack.services.cloudwatch:_metrics.get": ("key", "default"),
    "ministack.services.cloudwatch:_metric_bucket": ("key",),
    "ministack.services.cloudwatch:_dims_key": ("dims",),
    "ministack.services.cloudwatch:_dims_from_list": ("dimensions",),
    "ministack.services.cloudwatch:_calc_stats": ("points",),
    "ministack.services.cloudwatch:_stat_value": ("stats", "stat_name", "points"),
    "ministack.services.cloudwatch:_evaluate_alarm": ("alarm",),
    "ministack.services.cloudwatch:_evaluate_parent_alarms": ("child", "seen"),
    "ministack.services.cloudwatch:_record_history": (
        "alarm_name",
        "old_state",
        "new_state",
        "reason",
        "alarm_type",
        "reason_data",
    ),
    "ministack.services.cloudwatch:record_metric": (
        "namespace",
        "metric_name",
        "value",
        "unit",
        "dimensions",
    ),
    "ministack.services.cloudwatch_logs:_append_log_events": ("stream", "events"),
    "ministack.services.cloudformation.provisioners:_cw_metric_alarm_record": ("name", "props"),
    "ministack.services.sqs:_queues.all_items": (),
    "ministack.services.scheduler:_tick_schedules": (),
    "ministack.services.scheduler:_now": (),
    "ministack.services.scheduler:_create_schedule": ("name", "body"),
    "ministack.services.scheduler:_update_schedule": ("name", "body"),
    "ministack.services.scheduler:_error": ("status", "code", "message"),
    "ministack.services.scheduler:_schedule_arn": ("group", "name"),
    "ministack.services.scheduler:_schedules._data": dict,
    "ministack.core.responses:new_uuid": (),
    "ministack.services.eventbridge:_dispatch_to_lambda": ("arn", "payload"),
    "ministack.services.stepfunctions:_resolve_state_machine_arn": ("arn",),
    # Lambda
    "ministack.services.lambda_svc:_get_func_record_for_ref": ("function_ref",),
    "ministack.services.lambda_svc:invoke_async_with_retry": ("func", "event"),
    "ministack.core.lambda_runtime:_detect_runtime_binary": ("runtime",),
    "ministack.core.lambda_runtime:reset": (),
    "ministack.core.lambda_runtime:acquire_worker": (
        "func_name",
        "config",
        "code_zip",
        "qualifier",
        "max_concurrency",
    ),
    "ministack.core.lambda_runtime:release_worker": ("worker",),
    "ministack.core.lambda_runtime:kill_workers": ("workers",),
    "ministack.core.lambda_runtime:_worker_key": ("func_name", "config", "qualifier"),
    "ministack.core.lambda_runtime:_workers": dict,
    "ministack.core.lambda_runtime:_lock": LockType,
    "ministack.services.lambda_svc:acquire_worker": (
        "func_name",
        "config",
        "code_zip",
        "qualifier",
        "max_concurrency",
    ),
    "ministack.services.lambda_svc:release_worker": ("worker",),
    "ministack.services.lambda_svc:_invoke_depth": ContextVar,
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
