"""The package exports what its documentation names."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from constructs import Construct

import batch_transform_cdk

NOT_OFFERED = {
    "JobStack": "what add_job_stacks makes of job files, as many as they need",
    "FailedRuns": "a part of Monitoring, which needs the functions that Notifications and Workflow define",
    "RecordFunction": "a part of Workflow, which knows the job's locations and transform jobs",
    "StackPart": "what the constructs have in common",
    "WorkflowFunction": "a part of the workflow and of the upload trigger, whose code this project ships",
}


def defined_here() -> dict[str, type]:
    modules = [
        importlib.import_module(one.name)
        for one in pkgutil.walk_packages(batch_transform_cdk.__path__, "batch_transform_cdk.")
    ]
    return {
        name: member
        for module in modules
        for name, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__ and not name.startswith("_")
    }


def test_all_names_every_public_name_of_the_package_and_nothing_else() -> None:
    public = {
        name
        for name, member in vars(batch_transform_cdk).items()
        if not name.startswith("_") and not inspect.ismodule(member)
    }
    assert set(batch_transform_cdk.__all__) == public
    assert len(batch_transform_cdk.__all__) == len(public)


def test_every_construct_is_offered_or_kept_back_for_a_reason() -> None:
    constructs = {name for name, member in defined_here().items() if issubclass(member, Construct)}
    assert constructs - set(batch_transform_cdk.__all__) == set(NOT_OFFERED)


def test_everything_that_is_offered_says_what_it_is() -> None:
    for name in batch_transform_cdk.__all__:
        assert inspect.getdoc(getattr(batch_transform_cdk, name)), name


def test_settings_of_constructs_are_given_by_name() -> None:
    for name, member in defined_here().items():
        if issubclass(member, Construct):
            parameters = list(inspect.signature(member.__init__).parameters.values())[3:]
            assert [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY] == [], name
