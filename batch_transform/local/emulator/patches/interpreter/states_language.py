"""The vocabulary of the Amazon States Language that definitions are checked for: fields, functions, integrations.

It also has the form of what is wrong with a definition.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What is wrong with a definition, and where: a path such as `/States/S/Next`, or None for no single place."""

    code: str
    message: str
    at: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.at or 'null'}"


INTRINSICS = {
    f"States.{name}"
    for name in [
        "Array",
        "ArrayContains",
        "ArrayGetItem",
        "ArrayLength",
        "ArrayPartition",
        "ArrayRange",
        "ArrayUnique",
        "Base64Decode",
        "Base64Encode",
        "Format",
        "Hash",
        "JsonMerge",
        "JsonToString",
        "MathAdd",
        "MathRandom",
        "StringSplit",
        "StringToJson",
        "UUID",
    ]
}
MACHINE = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
BRANCH = {"Comment", "StartAt", "States"}
_ALL = {"Type", "Comment", "QueryLanguage"}
_CONTINUES = {*_ALL, "Next", "End", "Assign"}
_ERRORS = {"Retry", "Catch"}
FIELDS: Mapping[str, set[str]] = {
    "Task": {*_CONTINUES, *_ERRORS, "Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"},
    "Pass": _CONTINUES,
    "Wait": {*_CONTINUES, "Seconds", "Timestamp"},
    "Choice": {*_ALL, "Assign", "Choices", "Default"},
    "Succeed": _ALL,
    "Fail": {*_ALL, "Error", "Cause"},
    "Parallel": {*_CONTINUES, *_ERRORS, "Branches"},
    "Map": {
        *_CONTINUES,
        *_ERRORS,
        "ItemProcessor",
        "Iterator",
        "ItemSelector",
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "MaxConcurrency",
        "Label",
        "ToleratedFailurePercentage",
        "ToleratedFailureCount",
    },
}
"""The fields of each type of state that both query languages have."""
OF_JSONPATH: Mapping[str, set[str]] = {
    "Task": {
        *("InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath"),
        *("TimeoutSecondsPath", "HeartbeatSecondsPath"),
    },
    "Pass": {"InputPath", "Parameters", "Result", "ResultPath", "OutputPath"},
    "Wait": {"InputPath", "OutputPath", "SecondsPath", "TimestampPath"},
    "Choice": {"InputPath", "OutputPath"},
    "Succeed": {"InputPath", "OutputPath"},
    "Fail": {"ErrorPath", "CausePath"},
    "Parallel": {"InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath"},
    "Map": {
        *("InputPath", "Parameters", "ItemsPath", "ResultSelector", "ResultPath", "OutputPath"),
        *("MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath"),
    },
}
OF_JSONATA: Mapping[str, set[str]] = {
    "Task": {"Arguments", "Output"},
    "Pass": {"Output"},
    "Wait": {"Output"},
    "Choice": {"Output"},
    "Succeed": {"Output"},
    "Fail": set(),
    "Parallel": {"Arguments", "Output"},
    "Map": {"Items", "Output"},
}
RETRIER = {
    *("ErrorEquals", "Comment", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds"),
    "JitterStrategy",
}
CATCHER = {"ErrorEquals", "Comment", "Next", "Assign"}
ITEM_READER = {
    "Resource": ("s3:getObject", "s3:listObjectsV2"),
    "InputType": ("JSON", "JSONL", "CSV"),
}
READER_CONFIG = {
    *("InputType", "CSVDelimiter", "CSVHeaderLocation", "CSVHeaders", "MaxItems", "MaxItemsPath"),
    *("ItemsPointer", "Transformation"),
}

SYNC, CALLBACK = ".sync", ".waitForTaskToken"
INTEGRATIONS: Mapping[str, Mapping[str, Collection[str]]] = {
    "lambda": {"invoke": ("", CALLBACK)},
    "sns": {"publish": ("", CALLBACK)},
    "sqs": {"sendMessage": ("", CALLBACK)},
    "events": {"putEvents": ("", CALLBACK)},
    "states": {"startExecution": ("", SYNC, f"{SYNC}:2", CALLBACK)},
    "dynamodb": dict.fromkeys(("getItem", "putItem", "updateItem", "deleteItem"), ("",)),
    "sagemaker": {
        **dict.fromkeys(("createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"), ("",)),
        **dict.fromkeys(
            (
                *("createHyperParameterTuningJob", "createLabelingJob", "createProcessingJob"),
                *("createTrainingJob", "createTransformJob"),
            ),
            ("", SYNC),
        ),
    },
}
"""Services whose optimized integrations are known whole (Developer Guide, "Integrating optimized services")."""
