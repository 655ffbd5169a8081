"""What a rule is, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from batch_transform_nag.cfn_template import Resource


class Compliance(Enum):
    """What a rule says of one resource, as in cdk-nag; `NOT_APPLICABLE` also where it cannot know."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non-compliant"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """One of several things that a rule may find in a resource, to be acknowledged one by one.

    `at` is what stands in the brackets of its id: a state's name, `Action::s3:*`. `detail` says what is
    wrong there, in lower case and without a full stop.
    """

    at: str
    detail: str


RuleResult = Compliance | Sequence[Finding]


@dataclass(frozen=True)
class Rule:
    """A rule as the pack lists it: `info` is what was found, `explanation` why it matters, `fix` what to do.

    An error fails the synth. A warning is printed: it is for what may be meant.
    """

    check: Callable[[Resource], RuleResult]
    info: str
    explanation: str
    fix: str
    severity: str = "error"

    @property
    def id(self) -> str:
        """The name of the rule's function, as `JobNameReused` for `job_name_reused`."""
        return "".join(word.capitalize() for word in self.check.__name__.split("_"))

    def findings(self, resource: Resource) -> list[tuple[str, str]]:
        """Return what the rule finds, as pairs of a finding's id and its text."""
        result = self.check(resource)
        if isinstance(result, Compliance):
            return [(self.id, self.info)] if result is Compliance.NON_COMPLIANT else []
        return [
            (f"{self.id}[{_in_brackets(finding.at)}]", f"{self.info}: {finding.detail}") for finding in result
        ]


def _in_brackets(text: str) -> str:
    """The CDK reads ids with balanced brackets only: odd ones of a state's name must not make one unreadable."""
    return re.sub(r"[][(){}]", "_", text)
