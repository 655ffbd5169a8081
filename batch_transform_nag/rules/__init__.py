"""All rules, each with what it finds, why that matters, and the mend. A rule is one function in one module."""

from __future__ import annotations

from batch_transform_nag.rule import Rule
from batch_transform_nag.rules.bucket_without_tls import bucket_without_tls
from batch_transform_nag.rules.data_failure_retried import data_failure_retried
from batch_transform_nag.rules.definition_unreadable import definition_unreadable
from batch_transform_nag.rules.failure_hidden import failure_hidden
from batch_transform_nag.rules.filter_illegal import filter_illegal
from batch_transform_nag.rules.full_access_role import full_access_role
from batch_transform_nag.rules.image_not_pinned import image_not_pinned
from batch_transform_nag.rules.invocations_not_retried import invocations_not_retried
from batch_transform_nag.rules.job_name_reused import job_name_reused
from batch_transform_nag.rules.job_not_followed import job_not_followed
from batch_transform_nag.rules.join_incomplete import join_incomplete
from batch_transform_nag.rules.model_not_isolated import model_not_isolated
from batch_transform_nag.rules.no_timeout import no_timeout
from batch_transform_nag.rules.output_path_reused import output_path_reused
from batch_transform_nag.rules.output_without_key import output_without_key
from batch_transform_nag.rules.pass_role_unconditioned import pass_role_unconditioned
from batch_transform_nag.rules.request_refused import request_refused
from batch_transform_nag.rules.request_unreadable import request_unreadable
from batch_transform_nag.rules.start_can_be_lost import start_can_be_lost
from batch_transform_nag.rules.sync_not_allowed import sync_not_allowed
from batch_transform_nag.rules.volume_without_key import volume_without_key

RULES: tuple[Rule, ...] = (
    # The run
    Rule(
        job_name_reused,
        info="a transform job's name is sent more than once",
        explanation="SageMaker never takes a name twice: the second call fails with ResourceInUse, and hides why "
        "the first one failed.",
        fix="make TransformJobName of the execution's name or start, and of $states.context.State.RetryCount "
        "($$.State.RetryCount in JSONPath); on a loop also of a variable that counts the turns",
    ),
    Rule(
        failure_hidden,
        info="the execution succeeds after a failure",
        explanation="Alarms, callers and people look at the execution: one that succeeded without results is found "
        "when someone misses them.",
        fix="let each path that begins with a Catch end in a Fail state, after telling whoever must know",
    ),
    Rule(
        data_failure_retried,
        info="a failed transform job is run again, whatever it failed from",
        explanation="All failed jobs have the error States.TaskFailed. One that failed from its data or its model "
        "fails again, and each attempt is paid.",
        fix="catch the error and look at its cause: only CapacityError and InternalServerError are worth another "
        "attempt; retry SageMaker.ResourceLimitExceededException and SageMaker.AmazonSageMakerException as they are",
        severity="warning",
    ),
    Rule(
        job_not_followed,
        info="the execution does not wait for the transform job",
        explanation="It succeeds as soon as the job was created, whatever becomes of the job.",
        fix="write the resource with .sync, or describe the job in a loop until it ended",
    ),
    Rule(
        no_timeout,
        info="the transform job has no timeout",
        explanation="No longest time of a transform job is documented, and a task waits for three years unless told: a "
        "model that hangs is paid until someone looks.",
        fix="give the task TimeoutSeconds; with .sync Step Functions then stops the job",
    ),
    Rule(
        sync_not_allowed,
        info="the state machine's role lacks what .sync needs",
        explanation="Step Functions makes no policy of its own for transform jobs. Without CreateTransformJob or the "
        "events actions nothing runs; without StopTransformJob a stopped execution leaves its job running.",
        fix="allow the actions as in the Step Functions Developer Guide, IAM policies for SageMaker, on the names of "
        "this machine's jobs",
    ),
    Rule(
        output_path_reused,
        info="all executions write to one place",
        explanation="A file that failed has no new result, and the one of an earlier run still lies there and looks "
        "like it. Runs that overlap overwrite each other.",
        fix="let S3OutputPath end with the run, such as the execution's name",
        severity="warning",
    ),
    # The request
    Rule(
        join_incomplete,
        info="the job joins, and lacks what joining needs",
        explanation="Joining asks for ContentType and Accept of one type and for equal SplitType and AssembleWith: "
        "otherwise the request is refused, at each run and not at the deployment.",
        fix="give ContentType and Accept the same type of text/csv, application/json and application/jsonlines, and "
        "SplitType and AssembleWith the same value; Line for CSV",
    ),
    Rule(
        filter_illegal,
        info="a filter is no path that SageMaker follows, or lacks the type that it needs",
        explanation="Filters are a small part of JSONPath, for CSV and JSON alone. Some illegal ones are refused by "
        "the API, others are taken, and the job fails after its machines have started.",
        fix="write $, $[i], $[i,j], $[start:end], $.name or $['name','name'], in at most 63 characters, and give "
        "ContentType for InputFilter and Accept for OutputFilter one of text/csv, application/json and "
        "application/jsonlines",
    ),
    Rule(
        request_refused,
        info="a member of the request is not as the API takes it",
        explanation="CloudFormation does not look into the arguments of a task: the call fails at each run.",
        fix="see the API reference of CreateTransformJob for the member",
    ),
    Rule(
        invocations_not_retried,
        info="a request to the model is never sent again",
        explanation="One answer that got lost fails its whole file. The CDK's own task sends 0 retries and 60 seconds "
        "where AWS's defaults are 3 and 600, as soon as one of the two is given.",
        fix="give InvocationsMaxRetries (1 to 3) together with InvocationsTimeoutInSeconds, or leave "
        "ModelClientConfig out",
        severity="warning",
    ),
    # Data and model
    Rule(
        output_without_key,
        info="the predictions are not encrypted with a key of the account",
        explanation="S3 encrypts all objects with keys of its own, which open to whoever may read the bucket: only a "
        "key of the account can be refused, watched and withdrawn.",
        fix="give KmsKeyId in TransformOutput, or the bucket a KMS key",
    ),
    Rule(
        volume_without_key,
        info="the volume of the job's machines is not encrypted with a key of the account",
        explanation="The model and the data of the run lie on it, and only a key of the account can be refused, "
        "watched and withdrawn.",
        fix="give VolumeKmsKeyId in TransformResources; instance types with local storage take none",
    ),
    Rule(
        model_not_isolated,
        info="the model's containers may reach the network",
        explanation="Code in a container reads all data of the job. Without network isolation it can send them "
        "anywhere, and what it downloads at run time is another thing each day.",
        fix="set EnableNetworkIsolation, and put what the container needs into the image or the model archive",
    ),
    Rule(
        image_not_pinned,
        info="a container's image may change without a deployment",
        explanation="latest is whatever was pushed last: two runs of one template may use two models.",
        fix="name the image by a version's tag or by its digest",
        severity="warning",
    ),
    Rule(
        bucket_without_tls,
        info="the bucket answers requests without TLS",
        explanation="Whoever listens on the way reads the records and the predictions.",
        fix="deny all actions where aws:SecureTransport is false; in the CDK enforce_ssl=True",
    ),
    # Permissions
    Rule(
        full_access_role,
        info="a role around the transform job may do far more than the job",
        explanation="The model's code runs with the execution role: what the role may do, a faulty or foreign model "
        "does. The CDK's own task makes a role with AmazonSageMakerFullAccess, which the API never uses.",
        fix="write the statements by hand: read the input and the model, write the output, log; name buckets, "
        "prefixes and job names",
    ),
    Rule(
        pass_role_unconditioned,
        info="iam:PassRole is not limited to SageMaker and to one role",
        explanation="Whoever may pass a role to any service has that role's rights in all of them.",
        fix="name the execution role as the resource, with the condition iam:PassedToService sagemaker.amazonaws.com",
    ),
    # Around it
    Rule(
        start_can_be_lost,
        info="a start of the job can get lost without a trace",
        explanation="A start that EventBridge cannot deliver is dropped after its retries, and a job that did not "
        "start fails nowhere.",
        fix="give the target a DeadLetterConfig with a queue that has an alarm",
        severity="warning",
    ),
    Rule(
        definition_unreadable,
        info="the definition of the state machine cannot be read before the deployment",
        explanation="The other rules find nothing in what they cannot read.",
        fix="give the definition as text or as a file of the app, and numbers in it as numbers",
        severity="warning",
    ),
    Rule(
        request_unreadable,
        info="the request of the transform job cannot be read before the run",
        explanation="The other rules find nothing in what they cannot read: a missing key, a fixed output path, a join "
        "that the API refuses.",
        fix="write the members in the task, each with an expression of its own where it needs one; or hold the "
        "request against the rules before the task, and acknowledge it with where that is done",
        severity="warning",
    ),
)
"""Every rule of the pack, in the order of the documentation."""
