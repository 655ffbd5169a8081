"""What it takes to find the model of a run: behind an endpoint, or as the newest package of a group."""

from __future__ import annotations

from collections.abc import Sequence

from batch_transform.job.values.job_spec import ModelSpec
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn


class ModelLookup:
    """The statements for the preflight function, and the wildcards in them with their reasons.

    SageMaker writes some names in small letters in its ARNs, and IAM tells the two apart: both are allowed.

    What ListModelPackages is asked for, AWS's pages tell in two ways: no list but ListTags knows a resource (Developer
    Guide, "API permissions"), or packages (service authorization reference), where a run that lists those of a group
    names none. So it is allowed on everything: it tells names, states and times. CreateModel with a package of
    another account takes a right on the package (Developer Guide, "Deploy a Model Version from a Different
    Account"); whether one of the own account does, no page says, so that it is allowed for those of the group.
    """

    def __init__(self, *, job_name: str, model: ModelSpec) -> None:
        self.statements: list[Statement] = []
        self.wildcards: dict[str, str] = {}
        if model.endpoint is not None:
            self._behind_endpoint(model.endpoint)
        elif model.package_group is not None and model.role is not None:
            self._of_package_group(model.package_group, model.role, job_name)

    def _behind_endpoint(self, endpoint: str) -> None:
        self._allow(["sagemaker:DescribeEndpoint"], self._arns("endpoint", endpoint))
        configs = self._arns("endpoint-config", "*")
        self._allow(["sagemaker:DescribeEndpointConfig"], configs)
        self.wildcards |= dict.fromkeys(configs, "an endpoint has another configuration with each update")

    def _of_package_group(self, group: str, role: str, job_name: str) -> None:
        name = group.rpartition("/")[2]
        self._allow(["sagemaker:ListModelPackages"], ["*"])
        self.wildcards["*"] = "sagemaker:ListModelPackages may know no resources: AWS's pages differ"
        models = self._arns("model", f"{job_name}-*")
        self._allow(["sagemaker:CreateModel"], models)
        self.wildcards |= dict.fromkeys(models, "a model for each package, all of them led by the job's name")
        packages = [f"{one}/*" for one in self._arns("model-package", name, of=group)]
        self._allow(["sagemaker:CreateModel"], packages)
        self.wildcards |= dict.fromkeys(
            packages, "a run makes a model of the newest package, whichever it is then"
        )
        self.statements.append(
            Statement(
                actions=["iam:PassRole"],
                resources=[role],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )

    def _allow(self, actions: Sequence[str], resources: Sequence[str]) -> None:
        self.statements.append(Statement(actions=list(actions), resources=list(resources)))

    def _arns(self, resource: str, name: str, *, of: str = "") -> list[str]:
        """Return the ARNs of a name as written and in small letters; where `of` is an ARN, in its account."""
        account, region = None, None
        if of.startswith("arn:"):
            _, _, _, region, account, _ = of.split(":", 5)
        return [
            arn("sagemaker", f"{resource}/{one}", region=region, account=account)
            for one in dict.fromkeys((name, name.lower()))
        ]
