"""Which story misses a permission, most likely: it is told first. For speed only, since all the others follow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase

from least_privilege.mutation import Mutation
from least_privilege.policies import Policy
from least_privilege.stories.told import Story

LIKELY = (
    # the owner of the policy; words of its statement, or of what is taken; the stories
    ("*", "*Deny*", "refuses_plain_http refuses_plain_http_anywhere"),
    ("*/Model/*", "*Action s3:AbortMultipartUpload", "stops"),
    ("*/Model/*", "*logs:*", "explains"),
    ("*/Model/*", "*", "completes"),
    ("*/Workflow/Role", "*s3:*", "takes_over"),
    ("*/Workflow/Role", "*sagemaker:StopTransformJob", "stops"),
    ("*/Workflow/Role", "*", "redefines explains"),
    ("*/Workflow/Report", "*", "leaves_nothing_running"),
    ("*/Workflow/Report/*", "*sagemaker:*", "leaves_nothing_running"),
    ("*/Workflow/Report/*", "*", "explains"),
    ("*/Workflow/Preflight/*", "*states:*", "takes_over"),
    ("*/Workflow/Preflight/*", "*Action s3:[DG]*", "takes_over"),
    ("*/Workflow/Preflight/*", "*", "completes finds_header takes_over"),
    ("*/Schedule*", "*sqs*", "keeps_lost_starts"),
    ("*/Schedule*", "*", "starts_when_due"),
    ("*/Upload/Role", "*sqs*", "keeps_lost_starts"),
    ("*/Upload/Role", "*", "starts_when_due"),
    ("*/Upload/StartLater*", "*sqs*", "keeps_lost_uploads"),
    ("*/Upload/*", "*", "puts_off_after_upload"),
    ("*/LostStarts/*", "*", "keeps_lost_uploads"),
    ("*/Topic/*", "*", "tells_of_alarm"),
    ("Notifications/Notify*", "*", "tells_of_failure"),
    ("*Key*", "*logs.*", "redefines"),
    ("*Key*", "*cloudwatch.*", "tells_of_alarm"),
    ("*Key*", "*events.*", "keeps_lost_uploads"),
)


def likely_first(policy: Policy, mutation: Mutation, stories: Sequence[Story]) -> list[Story]:
    """Return the stories, those first that the table names for this."""
    words = f"{json.dumps(mutation.statement)} {mutation.part}"
    names = [
        name
        for owner, part, names in LIKELY
        if fnmatchcase(policy.owner, owner) and fnmatchcase(words, part)
        for name in names.split()
    ]
    return sorted(stories, key=lambda story: _rank(story.__name__, names, words))


def _rank(story: str, names: Sequence[str], words: str) -> tuple[int, bool]:
    """The place of the story, and of several jobs' the one whose job is spoken of."""
    name, _, job = story.partition(" of ")
    return names.index(name) if name in names else len(names), job not in words
