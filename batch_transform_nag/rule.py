"""A rule and its result."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from batch_transform_nag.cfn_template import Resource


class Compliance(Enum):
    """The result of a rule for a resource, as in cdk-nag; `NOT_APPLICABLE` also when the rule cannot tell."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non-compliant"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """One of several findings of a rule in a resource, each of which can be acknowledged separately.

    `at` is the part of its id in brackets: a state's name, `Action::s3:*`. `detail` says what is wrong there, in
    lower case and without a full stop.
    """

    at: str
    detail: str


RuleResult = Compliance | Sequence[Finding]


@dataclass(frozen=True)
class Rule:
    """A rule of the pack: `info` says what was found, `explanation` why it matters, and `fix` what to do.

    An error fails the synthesis. A warning is only printed: the finding may be intentional.
    """

    check: Callable[[Resource], RuleResult]
    info: str
    explanation: str
    fix: str
    severity: str = "error"

    @property
    def id(self) -> str:
        """The name of the rule's function in CamelCase: `JobNameReused` for `job_name_reused`."""
        return "".join(word.capitalize() for word in self.check.__name__.split("_"))

    def findings(self, resource: Resource) -> list[tuple[str, str]]:
        """Return the rule's findings, each as its id and its text."""
        result = self.check(resource)
        if isinstance(result, Compliance):
            return [(self.id, self.info)] if result is Compliance.NON_COMPLIANT else []
        return [
            (f"{self.id}[{_in_brackets(finding.at)}]", f"{self.info}: {finding.detail}") for finding in result
        ]


def _in_brackets(text: str) -> str:
    """Replace brackets: the CDK requires them to be balanced in an id, and a state's name may contain any."""
    return re.sub(r"[][(){}]", "_", text)
