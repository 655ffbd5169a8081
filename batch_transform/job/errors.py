"""Every error of the project, in one tree.

BatchTransformError
├── InputError               the user's input is wrong; nothing was started
│   ├── ProblemsError        several problems, reported at once
│   │   ├── JobFileError     job files with problems
│   │   ├── EnvironmentFileError  an environments file with problems
│   │   ├── StandInsFileError  a file of stand-ins with problems
│   │   ├── JobSpecError     a job made in Python with problems
│   │   ├── RunInputError    a run's input overrides something that a run may not change
│   │   └── FilterNamesError names of columns that can't be written as a filter
│   ├── ConstructError       arguments of a CDK construct that contradict each other
│   ├── InvalidFilterError   a filter that SageMaker wouldn't accept
│   │   └── FilterSyntaxError  one that CreateTransformJob accepts and the running job refuses
│   ├── TransformSettingsError  a request that the engine cannot run
│   ├── InvalidS3UriError    an address that isn't an S3 address
│   ├── UnknownImageError    a framework container that is not in our table
│   ├── SampleHeaderError    a sample without column names
│   ├── TruthFileError       a malformed table of known answers
│   ├── HeaderRowError       data to be scored whose first row is a header
│   ├── RowWidthError        data to be scored whose first row has more or fewer columns than the job names
│   ├── UnfitDataError       data to be scored whose packing, encoding or size no job can process
│   ├── ModelNotFoundError   an endpoint or a package group that has no model for a run
│   ├── DataNotFoundError    a local file or an S3 object that doesn't exist
│   ├── BucketRegionError    data in a bucket of another region than the job's
│   ├── RetryError           a run that can't be retried
│   ├── MaxCostError         a run that workflow.max_cost can't bound, or that would cost more
│   ├── MissingExtraError    a command whose packages aren't installed
│   └── NotDeployedError     a stack, a job or a run that doesn't exist
├── PriceUnknownError        the price of an instance isn't known
├── AwsCallError             AWS refused a call, or could not be reached
├── FollowError              a run in progress that can no longer be followed
├── LocalAwsError            the local AWS could not do what it was asked to
│   ├── PortInUseError       another program listens there
│   └── EmulatorHookError    the pinned emulator lacks a hook that we plug into
├── SynthError               the CDK app could not make the template
├── DeployError              CloudFormation refused the template, or rolled back
├── RunLockError             the lock of a job exists but cannot be read
├── Boto3TooOldError         the Lambda runtime has a boto3 that lacks what a function sends
├── ResultsError             a run succeeded, but some of its results could not be copied to this machine
├── CompareError             predictions of two runs that can't be read or joined, or that changed too much
├── TransferError            a file or an object that changed while it was copied
├── KeyPathError             an S3 key that is not a valid path in the folder it is copied to
├── RunFailedError           the execution, or the transform job in it, failed
├── BadRecordsError          a run with bad records whose results can't be put together
└── TransformError           one input object could not be transformed
    ├── UnparsableError      text that isn't a CSV row or a JSON document
    ├── FilterMissError      a filter that selects something that doesn't exist
    ├── RecordError          a record that cannot be parsed, filtered or sent
    ├── ModelClientError     the model answered 4xx: it refuses the data
    ├── ModelServerError     the model answered 5xx
    ├── NoModelAnswerError   the model did not answer: the connection was closed or could not be made
    │   └── ModelTimeoutError  it did not answer in time
    └── AnswerError          an answer that cannot be parsed, counted or joined
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Problem:
    """A broken rule.

    `code` is stable and names the rule. `field` is the job file's path, such as
    `transform.max_payload`. `message` says what is wrong with which value, what is
    allowed and how to fix it, in lower case and without a full stop. `path`, `line`
    and `column` (from 1) are filled where the value came from a file.
    """

    code: str
    field: str
    message: str
    severity: str = "error"
    path: str = ""
    line: int = 0
    column: int = 0

    @property
    def is_error(self) -> bool:
        """Errors stop; warnings are shown, and the command continues."""
        return self.severity == "error"

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}:{self.column}: " if self.path else ""
        return f"{where}{self.severity} {self.code}: {self.field}: {self.message}"


class BatchTransformError(Exception):
    """The root: every error that this project reports to a user. The command line exits with `exit_code`."""

    exit_code = 1


class InputError(BatchTransformError):
    """When the user's own input is wrong: nothing was started and nothing is lost."""

    exit_code = 2


class ProblemsError(InputError):
    """When there may be several problems at once. `problems` holds all of them; `str()` has a line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class JobFileError(ProblemsError):
    """When job files have problems, in the order of the files and of their lines."""


class EnvironmentFileError(ProblemsError):
    """When environments.yaml has problems, in the order of its lines."""


class StandInsFileError(ProblemsError):
    """When a file of stand-ins for models has problems, in the order of its lines."""


class JobSpecError(ProblemsError):
    """When a construct is given a job that the rules refuse."""


class ConstructError(InputError):
    """When the arguments of a CDK construct contradict one another, or the job, or ask for more than AWS accepts."""


class RunInputError(ProblemsError):
    """When the input of a run names a field that a run may not change, or gives it an illegal value."""


class FilterNamesError(ProblemsError):
    """When `send`, `send_except` or `keep` can't be written as a SageMaker filter."""


class InvalidFilterError(InputError):
    """When a filter is outside the JSONPath subset of Batch Transform; AWS's text where recorded."""


class InvalidS3UriError(InputError):
    """When an address is neither `s3://BUCKET/KEY` nor S3's `https://` form of it."""


class UnknownImageError(InputError):
    """When a framework or a version of it has no container in `framework_images`."""


class FilterSyntaxError(InvalidFilterError):
    """When a filter has only legal characters but isn't a path that SageMaker can follow.

    CreateTransformJob checks only the characters and accepts it; the job then fails
    (recorded for lists of ranges, sagemaker-python-sdk issue 1112).
    """


class TransformSettingsError(InputError):
    """When a CreateTransformJob request contradicts itself, or needs what the engine does not have."""


class SampleHeaderError(InputError):
    """When the first line of a sample doesn't name its columns. The message follows the file's name."""


class TruthFileError(InputError):
    """When a table of known answers isn't two columns with a header."""


class HeaderRowError(InputError):
    """When the first row of the data holds the names of the columns: SageMaker would score it as a record."""


class RowWidthError(InputError):
    """When the first row of the data has more or fewer columns than the job names: filters would select wrong ones."""


class UnfitDataError(InputError):
    """When data to be scored has a byte order mark, the wrong compression or encoding, or is too large."""


class ModelNotFoundError(InputError):
    """When the endpoint or the model package group that a job names doesn't have exactly one model for a run."""


class DataNotFoundError(InputError):
    """When a file, an object or a prefix that the user named has no data."""


class BucketRegionError(InputError):
    """When the bucket with a run's data isn't in the region in which the job runs."""


class ListingTimeError(BatchTransformError):
    """When the time of a function ends before it has listed all objects, and some of them are not enough."""


class RetryError(InputError):
    """When a run can't be retried: nothing is missing, it is in progress, or its data or its job have changed."""


class MaxCostError(InputError):
    """When a run has no time left that `workflow.max_cost` pays for, or the price that it needs isn't known."""


class MissingExtraError(InputError):
    """When a command needs an extra, `batch-transform[local]` for example, that is not installed."""


class NotDeployedError(InputError):
    """When the user names a stack, a job or a run that the account doesn't have."""


class PriceUnknownError(BatchTransformError):
    """When the price of an instance isn't known: it isn't in the Price List, or the Price List can't be asked."""

    exit_code = 2


class AwsCallError(BatchTransformError):
    """When AWS refuses a call of the command line, or can't be reached: no credentials, no permission, no network."""

    exit_code = 2


class FollowError(BatchTransformError):
    """When a run that was started cannot be followed to its end: the run itself continues."""


class LocalAwsError(BatchTransformError):
    """When the local AWS does not start, or ends too early."""


class PortInUseError(LocalAwsError):
    """When another program already listens on the port that the local AWS was told to use."""

    exit_code = 2


class EmulatorHookError(LocalAwsError):
    """When the installed emulator lacks a hook: it isn't the pinned release."""


class RefusedRequestError(LocalAwsError):
    """When the local SageMaker refuses a request. `code` is AWS's, such as `ValidationException`."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class TransformJobError(LocalAwsError):
    """When a transform job cannot run at all. `str()` is its FailureReason, which begins as AWS's does.

    `log_lines` is what its model server printed last, if there was one.
    """

    def __init__(self, failure_reason: str, *log_lines: str) -> None:
        self.log_lines = log_lines
        super().__init__(failure_reason)


class SynthError(BatchTransformError):
    """When the CDK app ends with an error instead of a cloud assembly."""


class DeployError(BatchTransformError):
    """When CloudFormation refuses a template, or rolls the stack back."""


class RunLockError(BatchTransformError):
    """When a run finds the lock of its job but can't read it: waiting would not help."""


class Boto3TooOldError(BatchTransformError):
    """When the boto3 of the Lambda runtime doesn't know a member of a request that a function sends."""


class ResultsError(BatchTransformError):
    """When a run succeeded, but some of its results could not be copied to this machine."""


class CompareError(BatchTransformError):
    """When the predictions of two runs can't be read or joined, or when more of them changed than is allowed."""


class TransferError(BatchTransformError):
    """When a file or an object can't be copied as a whole, because it changed meanwhile or the copy was stopped."""


class KeyPathError(BatchTransformError):
    """When an S3 key, or another name from outside, is not a valid path in the folder where the file belongs."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why
        super().__init__(f"{name!r} cannot be the path of a file: {why}")


class BadRecordsError(BatchTransformError):
    """A run with bad records whose results can't be put together, or not in the time that a function has."""


class RunFailedError(BatchTransformError):
    """When an execution of the state machine ends in a status other than SUCCEEDED."""


class TransformError(BatchTransformError):
    """When one input object could not be transformed; the other objects of the job are still scored.

    `log_lines` is what goes to the data log, one log event a line. `failure_class` begins
    the job's FailureReason as AWS writes it: `ClientError` or `AlgorithmError`. `line` is the record's line in the
    object, counted from 1; the first one if a request of several records failed, 0 for the object as a whole, and
    None if no record is to blame.
    """

    failure_class = "ClientError"

    def __init__(self, *log_lines: str, line: int | None = None) -> None:
        self.log_lines = log_lines
        self.line = line
        super().__init__("\n".join(log_lines))


class UnparsableError(TransformError):
    """When text isn't a CSV row or a JSON document.

    The message says why, not where: the caller knows where.
    """


class FilterMissError(TransformError):
    """When a filter selects a column, a name or an element that doesn't exist."""


class RecordError(TransformError):
    """When an input record cannot be parsed, filtered or sent."""


class ModelClientError(TransformError):
    """When the model answered 4xx: it refuses the data, and would again."""


class ModelServerError(TransformError):
    """When the model answered 5xx, after all retries."""

    failure_class = "AlgorithmError"


class NoModelAnswerError(TransformError):
    """When the model did not answer in time or closed the connection, after all retries."""

    failure_class = "AlgorithmError"


class ModelTimeoutError(NoModelAnswerError):
    """When the model did not answer within InvocationsTimeoutInSeconds, after all retries."""


class AnswerError(TransformError):
    """When the model's answer cannot be parsed, or does not fit the records that were sent."""
