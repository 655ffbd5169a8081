"""The proof itself, with an account that consists of a log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from least_privilege.account import Account
from least_privilege.mutation import Document, Mutation
from least_privilege.policies import Policy
from least_privilege.proof import broken, prove
from least_privilege.refusals import Refusals
from least_privilege.stories.point import Points
from least_privilege.stories.selection import Story

BOTH: Document = {"Statement": [{"Effect": "Allow", "Action": ["s3:Get", "s3:Put"], "Resource": "*"}]}
PUT = "Action s3:Put of s3:Get, s3:Put"


class Scene:
    """A role with `policy`, and stories that use it."""

    def __init__(self, log_file: Path) -> None:
        self.log_file = log_file
        self.log_file.touch()
        self.account = cast(Account, SimpleNamespace(missed={}, refusals=Refusals(log_file)))
        self.policy = Policy("Role", "identity", BOTH, self.write)
        self.write(BOTH)

    def write(self, document: Document) -> None:
        self.allowed = [action for each in document["Statement"] for action in each["Action"]]

    def may(self, action: str) -> bool:
        if action not in self.allowed:
            with self.log_file.open("a") as log:
                log.write(f"refused: somebody may not {action} on this\n")
        return action in self.allowed

    def story(self, *actions: str, is_so: Callable[[bool], bool] = bool) -> Story:
        def acts(_account: Account, _job: str) -> Points:
            for action in actions:
                yield action, is_so(self.may(action))

        return acts

    def unnoticed(self, *stories: Story) -> list[str]:
        found = prove(self.account, "job", [self.policy], stories).unnoticed
        return [each.removeprefix("Role (identity): ") for each in found]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "log")


def test_a_permission_that_a_story_needs_is_noticed(scene: Scene) -> None:
    assert scene.unnoticed(scene.story("s3:Get"), scene.story("s3:Put")) == []


def test_a_permission_that_no_story_needs_is_found(scene: Scene) -> None:
    assert scene.unnoticed(scene.story("s3:Get")) == [PUT]


def test_a_permission_without_which_the_story_still_succeeds_is_found(scene: Scene) -> None:
    assert scene.unnoticed(scene.story("s3:Get"), scene.story("s3:Put", is_so=lambda _: True)) == [PUT]


def test_a_story_that_fails_for_another_reason_proves_nothing(scene: Scene) -> None:
    found = scene.unnoticed(scene.story("s3:Get", is_so=lambda _: False))
    assert found == [PUT], "the story always fails, but only once because of the removed permission"


def test_a_permission_that_does_not_concern_the_proof_is_not_tried(scene: Scene) -> None:
    def is_put(_policy: Policy, mutation: Mutation) -> bool:
        return mutation.part == "Action s3:Put"

    proof = prove(scene.account, "job", [scene.policy], [scene.story("s3:Get")], concerns=is_put)
    assert (proof.tried, proof.unnoticed) == (1, [f"Role (identity): {PUT}"])


def test_the_policy_is_restored(scene: Scene) -> None:
    scene.unnoticed(scene.story("s3:Get"))
    assert scene.allowed == ["s3:Get", "s3:Put"]


def test_with_all_permissions_nothing_may_be_refused(scene: Scene) -> None:
    stories = [scene.story("s3:Get"), scene.story("s3:List", is_so=lambda _: True)]
    assert broken(scene.account, "job", stories) == ["acts of job: refused: s3:List"]
