"""What each field of a job file means: the one text for the documentation's table and the JSON Schema."""

from __future__ import annotations

# Field -> what it becomes or means. An item of a list of structures is written `field[]`.
FIELD_TEXTS = {
    "name": "letters, digits and inner hyphens, at most 32: it leads TransformJobName, S3 prefixes and resource "
    "names",
    "model": "what scores: exactly one of source, artifact, containers, existing, endpoint and package_group",
    "model.source": "a folder with `code/inference.py`, or with `xgboost-model` alone for XGBoost, relative to the job "
    "file; packed into `model.tar.gz` and shipped with the stack",
    "model.artifact": "the S3 URI of a `model.tar.gz`",
    "model.containers": "an inference pipeline: the first container gets the records, the last one answers; at "
    "most 15",
    "model.containers[].image": "as `model.image`",
    "model.containers[].source": "as `model.source`; a container may have neither this nor `artifact`",
    "model.containers[].artifact": "as `model.artifact`",
    "model.containers[].kms_key": "as `model.kms_key`",
    "model.containers[].env": "as `model.env`",
    "model.existing": "the name of a model that SageMaker has; its own role must reach the data",
    "model.endpoint": "the name of an endpoint: each run uses the model that it serves at that moment, with that "
    "model's own role",
    "model.package_group": "a model package group: each run uses its newest approved package, as a model with "
    "`model.role`",
    "model.kms_key": "with source or artifact: a customer key's id or ARN, or an alias, that the archive is encrypted "
    "with, as well as any code in S3 that `model.env` names; the job may decrypt both",
    "model.image": "with source or artifact: `{framework: sklearn, version: 1.2-1}` (also `xgboost`, `pytorch`), "
    "or an image URI",
    "model.env": "environment of the model's container, such as `SAGEMAKER_PROGRAM`, the script to load; numbers are "
    "taken as they are written",
    "model.role": "the ARN of an execution role in place of the one that the stack defines; required with "
    "package_group",
    "model.vpc_config": "VpcConfig of the model: the network that its containers join",
    "model.vpc_config.subnets": "ids of subnets, 1 to 16",
    "model.vpc_config.security_group_ids": "ids of security groups, 1 to 5",
    "model.enable_network_isolation": "EnableNetworkIsolation of the model: its containers reach no network",
    "input": "what is scored",
    "input.data": "S3Uri; left out, the job's prefix in the stack's input bucket",
    "input.data_type": "S3DataType: `S3Prefix` or `ManifestFile`",
    "input.content_type": "ContentType, such as text/csv",
    "input.compression_type": "CompressionType: `None` or `Gzip`",
    "input.split_type": "SplitType: what a record is: `Line` for CSV and JSON Lines, `RecordIO`, `TFRecord`, "
    "or `None` for a whole object",
    "input.columns": "names of the columns of a CSV, in order, or of the fields of JSON records: for filters by "
    "name, tables and checks; never sent",
    "input.columns_from": "instead of columns: a local CSV, relative to the job file, whose first line names them",
    "input.kms_key": "a customer key's id or ARN, or an alias, that the data are encrypted with; the job may decrypt "
    "them",
    "transform": "how it is scored",
    "transform.instance_type": "InstanceType; or a list, to try one after the other while AWS has no machine of the "
    "one before",
    "transform.instance_count": "InstanceCount: input objects are divided over so many instances",
    "transform.strategy": "BatchStrategy: `MultiRecord` or `SingleRecord`; AWS's default follows the container",
    "transform.max_payload": "MaxPayloadInMB; 0 streams whole objects; AWS's default is 6",
    "transform.max_concurrent_transforms": "MaxConcurrentTransforms: requests to a container at once; times "
    "max_payload at most 100 MB",
    "transform.env": "Environment of this job, beside the model's; at most 16",
    "transform.invocations_timeout_in_seconds": "ModelClientConfig, 600 by AWS's default; both of its members are "
    "sent when either is given",
    "transform.invocations_max_retries": "ModelClientConfig, 3 by AWS's default",
    "transform.volume_kms_key": "VolumeKmsKeyId: a key's id or ARN, or an alias, for the instances' volumes; not "
    "with local storage",
    "transform.transform_ami_version": "TransformAmiVersion: the machine image, for GPU instances",
    "transform.max_runtime_in_seconds": "after this time the workflow stops the transform job; AWS documents no "
    "limit of its own",
    "data_processing": "what the model gets of each record, and what is kept",
    "data_processing.input_filter": "InputFilter: what the model gets of each record, as JSONPath; AWS's default "
    "is `$`, all of it",
    "data_processing.send": "instead of input_filter: the columns or fields that the model gets, by name",
    "data_processing.send_except": "instead of input_filter: those that it does not get, by name",
    "data_processing.join_source": "JoinSource: `Input` puts each record before the model's answer to it",
    "data_processing.output_filter": "OutputFilter: what is kept of the joined record, as JSONPath; AWS's default "
    "is `$`, all of it",
    "data_processing.keep": "instead of output_filter: the columns or fields that are kept, by name; of a joined "
    "JSON record `SageMakerOutput` is the answer",
    "output": "where results go",
    "output.path": "S3OutputPath; each run writes below a prefix of its own; left out, the job's prefix in the "
    "stack's output bucket",
    "output.accept": "Accept, such as text/csv",
    "output.assemble_with": "AssembleWith: `Line` puts a newline after each record, `None` puts nothing",
    "output.kms_key": "KmsKeyId: a key's id or ARN, or an alias, that encrypts the results",
    "output.columns": "names of the columns of the model's answer, or of the fields of a JSON answer",
    "batch_data_capture_config": "DataCaptureConfig: which inputs and outputs each job had, for Model Monitor",
    "batch_data_capture_config.destination_s3_uri": "DestinationS3Uri; required when anything is captured",
    "batch_data_capture_config.kms_key_id": "KmsKeyId: encrypts what is captured",
    "batch_data_capture_config.generate_inference_id": "GenerateInferenceId: adds an id and the time to each result",
    "experiment_config": "ExperimentConfig: where SageMaker Experiments lists the job",
    "experiment_config.experiment_name": "ExperimentName",
    "experiment_config.trial_name": "TrialName",
    "experiment_config.trial_component_display_name": "TrialComponentDisplayName",
    "experiment_config.run_name": "RunName",
    "triggers": "what starts the job by itself",
    "triggers.schedule": "EventBridge Scheduler: one schedule or a list, each with exactly one of cron and rate",
    "triggers.schedule.cron": "six fields: minutes, hours, day of month, month, day of week, year, such as "
    "`0 2 * * ? *`",
    "triggers.schedule.rate": "a number of minutes, hours or days, such as `1 hour`; counts from start_date, or "
    "starts when it is deployed",
    "triggers.schedule.timezone": "of cron, such as Europe/Vienna",
    "triggers.schedule.enabled": "false pauses the schedule",
    "triggers.schedule.name": "letters, digits and inner hyphens; required and its own when there are several",
    "triggers.schedule.maximum_window_in_minutes": "FlexibleTimeWindow, 1 to 1440: within so many minutes after the "
    "time it starts; left out, it starts on time",
    "triggers.schedule.start_date": "StartDate in UTC, such as `2026-12-01T00:00:00Z`: no start before it",
    "triggers.schedule.end_date": "EndDate in UTC: no start after it",
    "triggers.schedule.input": "what these runs change, as in the input of a run: `{transform: {max_payload: 1}}`",
    "triggers.on_upload": "true, or a mapping: new objects below the job's input start it, once no more have come "
    "for a while",
    "triggers.on_upload.prefix": "only objects whose key goes on so after the job's input, such as `incoming/`",
    "triggers.on_upload.suffix": "only objects whose key ends so, such as `.csv`",
    "triggers.on_upload.quiet_period_in_seconds": "so long after the last of them the job starts, to the minute; 60 "
    "to 86400",
    "triggers.on_upload.enabled": "false pauses it",
    "triggers.on_upload.input": "what these runs change, as `triggers.schedule.input`",
    "notify": "who is told of a run that failed, took too long or did not start",
    "notify.email": "an address or a list; each gets a mail first that it must confirm",
    "notify.topic": "the ARN of an SNS topic that exists; its policy must let CloudWatch alarms publish",
    "workflow": "how runs behave",
    "workflow.overlapping_runs": "what a run does while an earlier one of the job goes on: `wait`, `skip`, `fail` or "
    "`allow`",
    "workflow.tracing": "true turns X-Ray on for the state machine",
    "workflow.log_retention_in_days": "how long CloudWatch keeps the logs of machine and functions",
    "monitoring": "when a run is unusual",
    "monitoring.longest_duration_in_seconds": "a run that takes longer raises an alarm; left out, CloudWatch learns "
    "what is usual",
    "monitoring.starts_within_hours": "so long without a start raises an alarm, 168 at most; left out, the schedules "
    "say",
    "tags": "Tags of the transform job",
}
