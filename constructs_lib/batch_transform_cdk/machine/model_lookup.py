"""The permissions to find the model of a run: behind an endpoint, or as the newest package of a group."""

from __future__ import annotations

from collections.abc import Sequence

from batch_transform.job.values.job_spec import ModelSpec
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn


class ModelLookup:
    """The statements for the preflight function, and the wildcards in them with their reasons.

    SageMaker lowercases some names in its ARNs, and IAM is case-sensitive: both spellings are allowed.

    AWS's pages disagree on ListModelPackages: either no list action but ListTags supports resource-level permissions
    (Developer Guide, "API permissions"), or this one does, for packages (Service Authorization Reference), though a run
    that lists a group names none. So it is allowed on all resources: it returns names, statuses and times.

    CreateModel with a package of another account requires a permission on the package (Developer Guide, "Deploy a
    Model Version from a Different Account"). Whether a package of the same account requires it isn't documented, so
    it is allowed for packages of the group.
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
        self.wildcards |= dict.fromkeys(configs, "each update gives an endpoint another configuration")

    def _of_package_group(self, group: str, role: str, job_name: str) -> None:
        name = group.rpartition("/")[2]
        self._allow(["sagemaker:ListModelPackages"], ["*"])
        self.wildcards["*"] = (
            "sagemaker:ListModelPackages may not support resource-level permissions: AWS's pages disagree"
        )
        models = self._arns("model", f"{job_name}-*")
        self._allow(["sagemaker:CreateModel"], models)
        self.wildcards |= dict.fromkeys(
            models, "one model for each package, with a name that starts with the job's"
        )
        packages = [f"{one}/*" for one in self._arns("model-package", name, of=group)]
        self._allow(["sagemaker:CreateModel"], packages)
        self.wildcards |= dict.fromkeys(
            packages, "a run creates a model of the package that is then the newest"
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
        """Return the ARNs of a name as written and in lower case, in the account of `of` if that is an ARN."""
        account, region = None, None
        if of.startswith("arn:"):
            _, _, _, region, account, _ = of.split(":", 5)
        return [
            arn("sagemaker", f"{resource}/{one}", region=region, account=account)
            for one in dict.fromkeys((name, name.lower()))
        ]
