"""The stories that most likely need a permission: they run first. For speed only, since all others follow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase

from least_privilege.mutation import Mutation
from least_privilege.policies import Policy
from least_privilege.stories.selection import Story

LIKELY = (
    # the owner of the policy; words of its statement, or of what is removed; the stories
    ("*", "*Deny*", "refuses_plain_http refuses_plain_http_anywhere"),
    ("*/Model/*", "*Action s3:AbortMultipartUpload", "stops"),
    ("*/Model/*", "*logs:*", "explains"),
    ("*/Model/*", "*/_retry-*", "is_retried"),
    ("*/Model/*", "*Action kms:Decrypt", "completes_in_parts"),
    ("*/Model/*", "*", "scores completes leaves_bad_records_out"),
    ("*/Workflow/Role", "*s3:*", "takes_over"),
    ("*/Workflow/Role", "*Condition sagemaker:InstanceTypes *", "completes_on_each_instance_type"),
    ("*/Workflow/Role", "*Resource arn:aws:lambda:*WorkflowRecord*", "has_record"),
    ("*/Workflow/Role", "*sagemaker:StopTransformJob", "stops"),
    ("*/Workflow/Role", "*", "redefines explains"),
    ("*/Workflow/Report", "*", "leaves_nothing_running"),
    ("*/Workflow/Report/*", "*sagemaker:*", "leaves_nothing_running"),
    ("*/Workflow/Report/*", "*", "explains"),
    ("*/Workflow/Preflight/*", "*.waiting*Resource *.waiting", "waits_for_its_turn"),
    ("*/Workflow/BadRecords", "*", "deletes_sections_when_stopped"),
    ("*/Workflow/BadRecords/*", "*Action s3:AbortMultipartUpload", "ends_its_upload"),
    ("*/Workflow/BadRecords/*", "*", "leaves_bad_records_out"),
    ("*/Workflow/Record", "*", "has_record_when_stopped"),
    ("*/Workflow/Record/*", "*s3:PutObject*", "has_record_when_refused"),
    ("*/Workflow/Record/*", "*kms:GenerateDataKey*", "has_record_when_refused"),
    ("*/Workflow/Record/*", "*", "has_record has_record_when_refused has_record_when_stopped"),
    ("*/Workflow/Preflight/*", "*states:*", "takes_over"),
    ("*/Workflow/Preflight/*", "*Action s3:[DG]*", "takes_over"),
    ("*/Workflow/Preflight/*", '*"Action": "s3:GetObject"*', "finds_header"),
    ("*/Workflow/Preflight/*", '*"Action": "kms:Decrypt"*', "finds_header"),
    ("*/Workflow/Preflight/*", "*", "completes finds_header takes_over"),
    ("*/Schedule*", "*sqs*", "keeps_undelivered_starts"),
    ("*/Schedule*", "*", "starts_when_due"),
    ("*/Upload/Role", "*sqs*", "keeps_undelivered_starts"),
    ("*/Upload/Role", "*", "starts_when_due"),
    ("*/Upload/StartLater*", "*sqs*", "keeps_undelivered_uploads"),
    ("*/Upload/*", "*", "delays_start_after_upload"),
    ("*/LostStarts/*", "*", "keeps_undelivered_uploads"),
    ("*/Topic/*", "*", "notifies_of_alarm"),
    ("Notifications/Notify*", "*", "notifies_of_failure"),
    ("*Key*", "*logs.*", "redefines"),
    ("*Key*", "*cloudwatch.*", "notifies_of_alarm"),
    ("*Key*", "*events.*", "keeps_undelivered_uploads"),
)


def likely_first(policy: Policy, mutation: Mutation, stories: Sequence[Story]) -> list[Story]:
    """Return the stories, starting with those that the table names for this mutation."""
    words = f"{json.dumps(mutation.statement)} {mutation.part}"
    names = [
        name
        for owner, part, names in LIKELY
        if fnmatchcase(policy.owner, owner) and fnmatchcase(words, part)
        for name in names.split()
    ]
    return sorted(stories, key=lambda story: _rank(story.__name__, names, words))


def _rank(story: str, names: Sequence[str], words: str) -> tuple[int, bool]:
    """Return the rank of a story; of those of several jobs, that of the job in `words` comes first."""
    name, _, job = story.partition(" of ")
    return names.index(name) if name in names else len(names), job not in words
