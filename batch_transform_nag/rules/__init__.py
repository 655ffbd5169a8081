"""All rules, each with what it finds, why that matters, and the fix. Each rule is a function in a module of its own."""

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
        info="the same name is sent for more than one transform job",
        explanation="SageMaker never accepts a name twice: the second call fails with ResourceInUse, which hides why "
        "the first one failed.",
        fix="build TransformJobName from the execution's name or start time and from "
        "$states.context.State.RetryCount ($$.State.RetryCount in JSONPath); in a loop, add a variable that counts "
        "the iterations",
    ),
    Rule(
        failure_hidden,
        info="the execution succeeds after a failure",
        explanation="Alarms, callers and people look at the execution: if it succeeds without results, nobody "
        "notices until the results are missed.",
        fix="let every path that begins with a Catch end in a Fail state, after notifying those who need to know",
    ),
    Rule(
        data_failure_retried,
        info="a failed transform job is run again, whatever the reason",
        explanation="Every failed job has the error States.TaskFailed. A job that failed because of its data or its "
        "model fails again, and you pay for each attempt.",
        fix="catch the error and check its cause: only CapacityError and InternalServerError are worth another "
        "attempt; retry SageMaker.ResourceLimitExceededException and SageMaker.AmazonSageMakerException as they are",
        severity="warning",
    ),
    Rule(
        job_not_followed,
        info="the execution does not wait for the transform job",
        explanation="The execution succeeds as soon as the job has been created, whatever happens to the job.",
        fix="add .sync to the resource, or describe the job in a loop until it has ended",
    ),
    Rule(
        no_timeout,
        info="the transform job has no timeout",
        explanation="No maximum run time of a transform job is documented, and a task waits for three years by "
        "default: you pay for a model that hangs until someone notices.",
        fix="give the task TimeoutSeconds; with .sync, Step Functions then stops the job",
    ),
    Rule(
        sync_not_allowed,
        info="the state machine's role lacks permissions that .sync needs",
        explanation="Step Functions does not generate a policy for transform jobs. Without CreateTransformJob or the "
        "events actions nothing runs; without StopTransformJob a stopped execution leaves its job running.",
        fix="allow the actions that the Step Functions Developer Guide lists under IAM policies for SageMaker, on "
        "the names of this machine's jobs",
    ),
    Rule(
        output_path_reused,
        info="all executions write to the same place",
        explanation="A file that failed has no new result, and the result of an earlier run is still there and looks "
        "like it. Runs that overlap overwrite each other's results.",
        fix="end S3OutputPath with something unique to the run, such as the execution's name",
        severity="warning",
    ),
    # The request
    Rule(
        join_incomplete,
        info="the job joins results to its input and lacks a setting that a join requires",
        explanation="A join requires the same type for ContentType and Accept and the same value for SplitType and "
        "AssembleWith. Otherwise the request is refused, at every run and not at deployment.",
        fix="set ContentType and Accept to the same one of text/csv, application/json and application/jsonlines, and "
        "SplitType and AssembleWith to the same value; Line for CSV",
    ),
    Rule(
        filter_illegal,
        info="SageMaker does not support this filter, or the content type that it needs is missing",
        explanation="Filters are a small subset of JSONPath, for CSV and JSON only. The API refuses some invalid "
        "filters and accepts others, and the job then fails after its instances have started.",
        fix="write $, $[i], $[i,j], $[start:end], $.name or $['name','name'], in at most 63 characters, and set "
        "ContentType for InputFilter and Accept for OutputFilter to one of text/csv, application/json and "
        "application/jsonlines",
    ),
    Rule(
        request_refused,
        info="the API refuses a member of the request",
        explanation="CloudFormation does not check the arguments of a task: the call fails at every run.",
        fix="see the member in the API reference of CreateTransformJob",
    ),
    Rule(
        invocations_not_retried,
        info="a failed request to the model is never retried",
        explanation="One lost response fails its whole file. AWS's defaults are 3 retries and 600 seconds; as soon "
        "as you set one of the two, the CDK's own task sends 0 or 60 for the other.",
        fix="set InvocationsMaxRetries (1 to 3) together with InvocationsTimeoutInSeconds, or leave "
        "ModelClientConfig out",
        severity="warning",
    ),
    # Data and model
    Rule(
        output_without_key,
        info="the predictions are not encrypted with a customer managed key",
        explanation="S3 encrypts all objects with its own keys, which decrypt for anyone who may read the bucket. "
        "You can deny, audit and revoke access only to a key in your own account.",
        fix="set KmsKeyId in TransformOutput, or give the bucket a KMS key",
    ),
    Rule(
        volume_without_key,
        info="the volume of the job's instances is not encrypted with a customer managed key",
        explanation="It holds the model and the data during the run, and you can deny, audit and revoke access only "
        "to a key in your own account.",
        fix="set VolumeKmsKeyId in TransformResources; instance types with local storage don't support it",
    ),
    Rule(
        model_not_isolated,
        info="the model's containers can reach the network",
        explanation="Code in a container reads all of the job's data. Without network isolation it can send them "
        "anywhere, and what it downloads at run time may change from day to day.",
        fix="set EnableNetworkIsolation, and put everything the container needs into the image or the model archive",
    ),
    Rule(
        image_not_pinned,
        info="a container's image can change without a deployment",
        explanation="latest is whatever was pushed last: two runs of the same template may use different models.",
        fix="identify the image by a version tag or by its digest",
        severity="warning",
    ),
    Rule(
        bucket_without_tls,
        info="the bucket answers requests without TLS",
        explanation="Anyone who listens on the network can read the records and the predictions.",
        fix="deny all actions where aws:SecureTransport is false; in the CDK, set enforce_ssl=True",
    ),
    # Permissions
    Rule(
        full_access_role,
        info="a role around the transform job has far more permissions than the job needs",
        explanation="The model's code runs with the execution role: a faulty or malicious model can do whatever the "
        "role may do. The CDK's own task creates a role with AmazonSageMakerFullAccess, which the API never uses.",
        fix="write the statements by hand: read the input and the model, write the output, write logs; name the "
        "buckets, prefixes and job names",
    ),
    Rule(
        pass_role_unconditioned,
        info="iam:PassRole is not limited to SageMaker and to one role",
        explanation="Anyone who may pass a role to any service has that role's permissions in all of them.",
        fix="name the execution role as the resource, with the condition iam:PassedToService sagemaker.amazonaws.com",
    ),
    # Around it
    Rule(
        start_can_be_lost,
        info="a start of the job can get lost without a trace",
        explanation="EventBridge drops a start that it cannot deliver once its retries are used up, and a job that "
        "did not start does not fail anywhere.",
        fix="give the target a DeadLetterConfig with a queue that has an alarm",
        severity="warning",
    ),
    Rule(
        definition_unreadable,
        info="the definition of the state machine cannot be read before deployment",
        explanation="The other rules find nothing in a definition that they cannot read.",
        fix="give the definition as text or as a file of the app, and write numbers in it as numbers",
        severity="warning",
    ),
    Rule(
        request_unreadable,
        info="the request of the transform job cannot be read before the run",
        explanation="The other rules find nothing in a request that they cannot read: a missing key, a fixed output "
        "path, a join that the API refuses.",
        fix="write the members in the task, each with an expression of its own where it needs one; or check the "
        "request before the task, and acknowledge the finding with the place of that check",
        severity="warning",
    ),
)
"""Every rule of the pack, in the order of the documentation."""
