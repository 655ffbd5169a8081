"""What the first stack shares, and how the others see it, by what the environment says."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk.assertions import Match, Template

from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import JobSpec, ModelSpec
from batch_transform.job.values.stack_outputs import ENCRYPTION_KEY
from batch_transform_cdk.app.job_stack import JobStack
from checks.policies import statements, text


def job(name: str) -> JobSpec:
    model = ModelSpec(
        artifact="s3://models/a.tar.gz", image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"
    )
    return JobSpec(name=name, model=model)


def two_stacks(environment: EnvironmentSpec) -> tuple[Template, Template]:
    app = cdk.App()
    first = JobStack(app, "First", jobs=[job("churn")], environment=environment)
    second = JobStack(app, "Second", jobs=[job("fraud")], environment=environment, first=first)
    return Template.from_stack(first), Template.from_stack(second)


def test_a_customer_key_encrypts_what_every_stack_holds() -> None:
    first, second = two_stacks(EnvironmentSpec(customer_key=True))
    first.has_output(ENCRYPTION_KEY, {"Export": {"Name": "First-EncryptionKeyArn"}})
    imported = {"Fn::ImportValue": "First-EncryptionKeyArn"}
    assert {
        str(group["Properties"]["KmsKeyId"]) for group in first.find_resources("AWS::Logs::LogGroup").values()
    } == {str({"Fn::GetAtt": [next(iter(first.find_resources("AWS::KMS::Key"))), "Arn"]})}
    second.resource_count_is("AWS::KMS::Key", 0)
    second.has_resource_properties("AWS::Logs::LogGroup", {"KmsKeyId": imported})
    on_key = [one for one in statements(second, "ExecutionRole") if text(one["Resource"]) == text(imported)]
    used = {
        action
        for one in on_key
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert used == {"kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"}


def test_the_key_goes_with_the_stack_where_the_buckets_do() -> None:
    first, _ = two_stacks(EnvironmentSpec(customer_key=True, removal_policy="destroy"))
    for kind in ("AWS::KMS::Key", "AWS::S3::Bucket"):
        assert {one["DeletionPolicy"] for one in first.find_resources(kind).values()} == {"Delete"}


def test_old_results_go_and_access_is_logged_where_the_environment_says_so() -> None:
    environment = EnvironmentSpec(keep_outputs_for_in_days=400, access_logs_bucket="our-access-logs")
    first, _ = two_stacks(environment)
    first.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "LifecycleConfiguration": {
                "Rules": Match.array_with([{"ExpirationInDays": 400, "Status": "Enabled"}])
            },
            "LoggingConfiguration": {"DestinationBucketName": "our-access-logs", "LogFilePrefix": "output/"},
        },
    )


def test_without_any_of_it_there_is_no_key_for_data_and_nothing_is_deleted() -> None:
    first, _ = two_stacks(EnvironmentSpec())
    for bucket in first.find_resources("AWS::S3::Bucket").values():
        assert "KMSMasterKeyID" not in str(bucket)
        assert not [
            rule
            for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in rule
        ]
