"""The parts of the emulator that we use beyond its HTTP API, and the check that they exist.

Each line is a name in a module of ministack: a function with its parameters, or a value with its type. A test fails for
a name that the code uses and this list lacks, and for one that the code no longer uses.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

from batch_transform.job.errors import EmulatorHookError

PINNED_RELEASE = "1.5.33"

Hooks = Mapping[str, Sequence[str]]
HOOKS: Hooks = {
    "ministack.app": (
        "AUTH: bool",
        "SERVICE_HANDLERS: dict",
        "SERVICE_REGISTRY: dict",
        "_IncompleteRequestBody: type",
        "_RequestBodyDisconnected: type",
        "_asgi_header_list(headers)",
        "_decode_aws_chunked_body(body, headers)",
        "_loaded_modules: dict",
        "_read_request_body(receive, method, headers)",
        "_routing_params(method, path, headers, body, query_params)",
        "_send_response(send, status, headers, body, head)",
        "_state_map: dict",
        "app(scope, receive, send)",
        "call_service_handler_sync(handler, method, path, headers, body, query_params, timeout)",
    ),
    "ministack.core.concurrency": ("run_reentrant(fn, args, thread_name)",),
    "ministack.core.iam_actions": (
        "SERVICE_TO_IAM_NAMESPACE: dict",
        "_s3_batch_delete_targets(bucket, body)",
        "access_denied_response(service, action, principal_arn, request_id, error_code, message, "
        "headers, resource_arn, explicit_deny, resource_policy_arn)",
        "extract_iam_action(service, method, path, headers, body, query_params)",
        "extract_resource_arn(service, method, path, headers, body, query_params, region, account_id)",
        "request_tag_context(service, iam_action, body, params)",
        "s3_additional_checks(method, path, headers, body, query_params)",
        "s3_service_context(iam_action, query_params, path, headers)",
    ),
    "ministack.core.iam_evaluator": (
        "AuthError(code, message, details)",
        "EvalContext(principal_arn, principal_type, principal_account, action, resource_arn, region, "
        "source_ip, secure_transport, request_tags, tag_keys, service_context, principal_keys)",
        "combine_resource_policy(identity, ctx, policy, owner_account, required, limits)",
        "enforce(access_key_id, iam_action, service, region, resource_arn, service_context)",
        "evaluate(ctx, policies, limits)",
        "evaluate_resource_policy(doc, ctx, service, named_only, direct_only)",
        "evaluate_trust_policy(trust_doc, caller_arn, ctx)",
        "resolve_principal(access_key_id, account_id, credential)",
    ),
    "ministack.core.lambda_runtime": (
        "_detect_runtime_binary(runtime)",
        "_lock: lock",
        "_worker_key(func_name, config, qualifier)",
        "_workers: dict",
        "acquire_worker(func_name, config, code_zip, qualifier, max_concurrency)",
        "execution_credentials(config)",
        "invalidate_worker(func_name, qualifier, account, region)",
        "kill_workers(workers)",
        "release_worker(worker)",
        "reset()",
        "subprocess: module",
    ),
    "ministack.core.responses": (
        "_BOTOCORE_NAME: dict",
        "_service_model(service)",
        "get_account_id()",
        "get_region()",
        "json_response(data, status, content_type)",
        "now_iso()",
        "request_scope(account_id, region)",
    ),
    "ministack.core.router": (
        "SERVICE_PATTERNS: dict",
        "extract_access_key_id(headers, query_params)",
    ),
    "ministack.services.cloudformation": (
        "_exports: AccountRegionScopedDict",
        "_stacks: AccountRegionScopedDict",
    ),
    "ministack.services.cloudformation.changesets": (
        "_deploy_stack_async(stack_name, stack_id, template, param_values, disable_rollback, tags, "
        "is_update, previous_stack, retain_except_on_create, imports)",
    ),
    "ministack.services.cloudformation.handlers": (
        "_deploy_stack_async(stack_name, stack_id, template, param_values, disable_rollback, tags, "
        "is_update, previous_stack, retain_except_on_create, imports)",
        "_imported_export_names(stack, stack_name)",
    ),
    "ministack.services.cloudformation.provisioners": (
        "_CUSTOM_NAME_REPLACEMENT: dict",
        "_REPLACING_PROPERTIES: dict",
        "_RESOURCE_HANDLERS: dict",
        "_STACK_TAG_PROPERTY: dict",
        "_cw_metric_alarm_record(name, props)",
        "_physical_name(stack_name, logical_id, lowercase, max_len, seeded)",
        "_sfn_definition(props)",
    ),
    "ministack.services.cloudformation.stacks": (
        "_add_event(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, detailed_status)",
        "_deploy_stack_async(stack_name, stack_id, template, param_values, disable_rollback, tags, "
        "is_update, previous_stack, retain_except_on_create, imports)",
        "_resolve_stack_outputs(outputs_defs, conditions, resources, param_values, mappings, stack_name, stack_id)",
    ),
    "ministack.services.cloudwatch": (
        "_alarms: AccountRegionScopedDict",
        "_calc_stats(points)",
        "_dims_key(dims)",
        "_dispatch_alarm_actions(alarm, old_state, new_state, reason)",
        "_evaluate_alarm(alarm)",
        "_metrics: AccountRegionScopedDict",
        "_set_alarm_state(params, cbor_data, is_cbor, is_json)",
        "_stat_value(stats, stat_name, points)",
        "record_metric(namespace, metric_name, value, unit, dimensions)",
    ),
    "ministack.services.cloudwatch_logs": (
        "_append_log_events(stream, events)",
        "_decode_token(token)",
        "_encode_token(offset)",
        "_log_groups: AccountRegionScopedDict",
        "_subscription_pattern_matches(pattern, message)",
    ),
    "ministack.services.eventbridge": (
        "_dispatch_to_lambda(arn, payload)",
        "_invoke_target(target, event, rule, view)",
        "_put_events(data, allow_aws_source)",
        "_put_rule(data)",
    ),
    "ministack.services.iam": ("_roles: AccountScopedDict",),
    "ministack.services.kms": (
        "_aliases: AccountRegionScopedDict",
        "_grants: AccountRegionScopedDict",
        "_resolve_key(key_id_or_arn)",
    ),
    "ministack.services.lambda_svc": (
        "_LAMBDA_ASYNC_RETRY_BASE_SECONDS: float",
        "_emit_lambda_logs(func, request_id, log_text, error, duration_ms, log_source)",
        "_execute_function(func, event)",
        "_execute_function_warm(func, event, request_id)",
        "_functions: AccountRegionScopedDict",
        "_get_account_settings()",
        "_get_func_record_for_ref(function_ref)",
        "_invoke_depth: ContextVar",
        "_route_async_failure(target_arn, func_name, event, result)",
        "acquire_worker(func_name, config, code_zip, qualifier, max_concurrency)",
        "function_policy_for_arn(resource_arn)",
        "invalidate_worker(func_name, qualifier, account, region)",
        "invoke_async_with_retry(func, event)",
        "release_worker(worker)",
    ),
    "ministack.services.s3": (
        "S3_NS: str",
        "_PERSISTED_BUCKET_DICTS: dict",
        "_bucket_encryption: AccountScopedDict",
        "_buckets: AccountScopedDict",
        "_build_object_record(body, headers, etag, checksums)",
        "_collect_list_entries(bucket_objects, prefix, delimiter, max_keys, start_after)",
        "_complete_multipart_upload(bucket_name, key, body, query_params, headers)",
        "_completed_multipart_uploads: AccountScopedDict",
        "_delete_persisted_bucket(name)",
        "_delete_persisted_object(bucket_name, key)",
        "_dispatch(method, bucket, key, headers, body, query_params)",
        "_ensure_bucket(name)",
        "_error(code, message, status, resource, extra, headers)",
        "_fire_s3_event_async(bucket_name, key, event_name, size, etag, deletion_type, version_id, "
        "object_extra, record_extra)",
        "_get_object_data(bucket_name, key, version_id)",
        "_list_objects_v1(bucket_name, query_params)",
        "_list_objects_v2(bucket_name, query_params)",
        "_maybe_replicate(bucket_name, key, obj, data, tags)",
        "_multipart_uploads: AccountScopedDict",
        "_object_acl: AccountScopedDict",
        "_object_annotations: AccountScopedDict",
        "_object_legal_hold: AccountScopedDict",
        "_object_retention: AccountScopedDict",
        "_object_tags: AccountScopedDict",
        "_object_versions: AccountScopedDict",
        "_persist_delete_marker(bucket_name, key, marker)",
        "_persist_version_state(bucket_name, key, bucket)",
        "_qp(params, key, default)",
        "_record_object_version(bucket_name, key, prior_obj, obj, data)",
        "_resolve_sse_write_headers(headers, bucket_name)",
        "bucket_region(name)",
        "hashlib: module",
        "md5_hash(data)",
        "reset()",
        "zlib: module",
    ),
    "ministack.services.scheduler": (
        "_SCHEDULE_TICK_INTERVAL: int",
        "_create_schedule(name, body)",
        "_schedules: AccountRegionScopedDict",
        "_tick_schedules()",
        "_update_schedule(name, body)",
    ),
    "ministack.services.sns": (
        "_deliver_to_lambda(endpoint, envelope, topic_arn, sub_arn, msg_id, raw_message, message_attributes)",
        "_topic_by_arn_any_scope(topic_arn)",
        "topic_policy_allows(topic_arn, service, source_arn, source_account)",
    ),
    "ministack.services.sqs": (
        "_queue_by_arn(arn)",
        "_queues: AccountRegionScopedDict",
        "queue_policy_allows(queue_arn, service, source_arn, source_account)",
    ),
    "ministack.services.stepfunctions": (
        "_AWS_SDK_ERROR_CODE_OVERRIDES: dict",
        "_AWS_SDK_ERROR_PREFIX: dict",
        "_AWS_SDK_SERVICE_MAP: dict",
        "_ExecutionError(error, cause)",
        "_SERVICE_DISPATCH: dict",
        "_activities: AccountRegionScopedDict",
        "_activity_tasks: AccountRegionScopedDict",
        "_add_event(execution, event_type, details)",
        "_apply_result_path_raw(result_path, original, result)",
        "_emit_execution_status_event(execution)",
        "_evaluate_jsonata(expression, raw_input, ctx, result, error_output)",
        "_exec_intrinsic(node, data, ctx)",
        "_executions: AccountRegionScopedDict",
        "_invoke_nested_start_execution(resource, input_data)",
        "_invoke_resource(resource, input_data)",
        "_map_runs: AccountRegionScopedDict",
        "_parse_intrinsic_call(s, pos)",
        "_resolve_params_obj(template, data, ctx)",
        "_resolve_path_or_ctx(path, data, ctx)",
        "_resolve_state_machine_arn(arn)",
        "_run_distributed_map(state_def, raw_input, effective, iterator, execution, ctx)",
        "_run_execution(exec_arn)",
        "_run_sub_machine(states, start_at, input_data, execution, ctx)",
        "_scaled_sleep(seconds)",
        "_state_machines: AccountRegionScopedDict",
        "_start_execution(data)",
        "_stop_execution(data)",
        "_task_tokens: AccountRegionScopedDict",
    ),
    "ministack.services.sts": ("register_session(access_key, session)",),
}
"""Module of ministack -> its hooks."""


def check(hooks: Hooks = HOOKS) -> None:
    """Raise EmulatorHookError with every hook that the installed emulator lacks or has changed."""
    missing = list(problems(hooks))
    if missing:
        raise EmulatorHookError(
            f"the emulator lacks {'; '.join(missing)}: ministack {installed_release()} is installed, "
            f"{PINNED_RELEASE} is needed (pip install 'batch-transform[local]')"
        )


def problems(hooks: Hooks = HOOKS) -> Iterator[str]:
    """Yield `module:hook` for each hook that the installed emulator lacks or has changed."""
    for module, names in hooks.items():
        for hook in names:
            name = hook.partition("(")[0].partition(":")[0]
            found = describe(module, name)
            if found is None:
                yield f"{module}:{name}"
            elif found != hook:
                yield f"{module}:{hook}, but has {found}"


def describe(module: str, name: str) -> str | None:
    """Describe a name of the installed emulator as a hook does, or return None if it doesn't exist."""
    try:
        value = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return None
    if not callable(value):
        return f"{name}: {type(value).__name__}"
    try:
        return f"{name}({', '.join(inspect.signature(value).parameters)})"
    except ValueError:  # an exception's class with Python's own parameters
        return f"{name}: {type(value).__name__}"


def installed_release() -> str:
    """Return the release of the emulator that is installed."""
    try:
        return metadata.version("ministack")
    except metadata.PackageNotFoundError:
        return "no release"
