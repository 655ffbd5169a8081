"""The job penguins: what it does to the records, and what `cdk deploy` creates."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk.assertions import Match, Template
from batch_transform_cdk import add_job_stacks

PROJECT = Path(__file__).resolve().parents[1]
BATCH_TRANSFORM = Path(sys.executable).with_name("batch-transform")


def test_the_stand_in_names_the_species_of_nine_in_ten_penguins():
    results = preview("penguins", "--input=data/penguins.csv", "--model", "--models=models.yaml")
    truth = dict(csv.reader((PROJECT / "data" / "penguins-truth.csv").read_text().splitlines()))
    named = [result.split(",") for result in results]
    right = [truth[penguin_id] == species for penguin_id, probability, species in named]
    assert len(right) == 69
    assert sum(right) / len(right) > 0.9


def test_the_stack_uses_the_model_and_keeps_the_data(monkeypatch):
    monkeypatch.chdir(PROJECT)  # add_job_stacks reads jobs/ and environments.yaml here
    app = cdk.App()
    add_job_stacks(app)
    template = Template.from_stack(app.node.find_child("BatchTransform"))
    template.resource_count_is("AWS::SageMaker::Model", 0)
    assert "penguins-v1" in json.dumps(template.find_resources("AWS::StepFunctions::StateMachine"))
    template.all_resources("AWS::S3::Bucket", {"DeletionPolicy": Match.string_like_regexp("^Retain")})


def preview(job, *options):
    """Score a job's first records as `batch-transform run` does, and return the lines of the result."""
    command = [BATCH_TRANSFORM, "preview", job, *options, "--records=1000", "--json"]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE)
    return [record["result"] for record in json.loads(done.stdout)["records"]]
