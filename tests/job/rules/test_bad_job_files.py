"""One invalid job file for each rule, with the code of the problem and the exact place at which it is shown.

In the files below, « marks the place that a problem must point at; it is removed before the file is read. `repo/`
stands for a repository in Amazon ECR.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import batch_transform.job as job_package
from batch_transform.job.files.job_file import read_job_files

CSV_NAMES = (
    "input: {content_type: text/csv, split_type: Line, columns: [id, age, plan, note]}\n"
    "output: {accept: text/csv, assemble_with: Line, columns: [score, label]}\n"
)
JSON_LINES = (
    "input: {content_type: application/jsonlines, split_type: Line}\n"
    "output: {accept: application/jsonlines, assemble_with: Line}\n"
)
WIDE = ", ".join(f"c{number}" for number in range(60))
EVERY_SECOND = ", ".join(f"c{number}" for number in range(0, 60, 2))
MANY = ", ".join(f"column-{number:05}" for number in range(15_000))
ROLE = "role: 'arn:aws:iam::123456789012:role/models'"
NETWORK = "{subnets: [subnet-1], security_group_ids: [sg-1]}"
REPOSITORY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/"
ARTIFACT = "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz,"
SKLEARN = f"{ARTIFACT} image: {{framework: sklearn, version: 1.2-1}},"
XGBOOST = f"{ARTIFACT} image: {{framework: xgboost, version: 1.7-1}},"
SOURCEDIR = "'s3://bucket/sourcedir.tar.gz'"
TYPE = "input: {content_type: text/csv}\n"
PIPELINE = "name: demo\nmodel:\n  containers:\n"
XGBOOST_LAST = (
    f"  - {{artifact: s3://bucket/x.tar.gz, image: {{framework: xgboost, version: 1.7-1}}}}\n{TYPE}"
)
MODEL = "name: demo\nmodel: {existing: demo-model}\n"
JOIN = "data_processing: {join_source: Input}\n"
CSV_LINES = (
    "input: {content_type: text/csv, split_type: Line}\noutput: {accept: text/csv, assemble_with: Line}\n"
)

BAD_FILES: list[tuple[str, str, str]] = [
    (
        "run-too-large",
        "columns",
        f"{MODEL}input: {{content_type: text/csv, columns: «[{MANY}]}}\n",
    ),
    (
        "run-too-large",
        "environment",
        f"{MODEL}transform: {{env: «{{{', '.join(f'A{at}: {chr(97) * 10_000}' for at in range(11))}}}}}\n",
    ),
    # bad records
    ("bad-records-unlimited", "no limit", f"{MODEL}{CSV_LINES}bad_records: «{{result: ERROR}}\n"),
    (
        "bad-records-need-lines",
        "whole objects",
        f"{MODEL}input: {{content_type: text/csv, split_type: «None}}\nbad_records: {{max_count: 1, result: ERROR}}\n",
    ),
    (
        "bad-records-captured",
        "data capture",
        f"{MODEL}{CSV_LINES}batch_data_capture_config: {{destination_s3_uri: «s3://bucket/captured/}}\n"
        "bad_records: {max_count: 1, result: ERROR}\n",
    ),
    (
        "bad-records-inexact",
        "answers without ends",
        f"{MODEL}input: {{content_type: text/csv, split_type: Line}}\n"
        "output: {accept: image/png, assemble_with: «None}\n"
        "bad_records: {max_count: 1, result: ERROR}\n",
    ),
    (
        "bad-records-inexact",
        "one answer for many records",
        f"{MODEL}input: {{content_type: text/csv, split_type: Line}}\n"
        "output: {accept: «application/json, assemble_with: Line}\n"
        "bad_records: {max_count: 1, result: 'null'}\n",
    ),
    (
        "bad-records-omit-unjoined",
        "no join",
        f"{MODEL}{CSV_LINES}bad_records: {{max_percent: 0.5, result: «omit}}\n",
    ),
    (
        "bad-records-omit-unjoined",
        "a join that keeps the answer alone",
        f"{MODEL}{CSV_LINES}data_processing: {{join_source: Input, output_filter: '$[-1]'}}\n"
        "bad_records: {max_percent: 0.5, result: «omit}\n",
    ),
    (
        "bad-records-result-unfit",
        "no JSON",
        f"{MODEL}{JSON_LINES}bad_records: {{max_count: 1, result: «ERROR}}\n",
    ),
    (
        "bad-records-result-unfit",
        "no CSV row",
        f"{MODEL}{CSV_LINES}{JOIN}bad_records: {{max_count: 1, result: «'a\"b'}}\n",
    ),
    ("max-percent-too-small", "none", f"{MODEL}{CSV_LINES}{JOIN}bad_records: {{max_percent: «0}}\n"),
    ("max-percent-too-large", "above all", f"{MODEL}{CSV_LINES}{JOIN}bad_records: {{max_percent: «100.5}}\n"),
    ("wrong-type", "a percentage in words", f"{MODEL}{CSV_LINES}{JOIN}bad_records: {{max_percent: «few}}\n"),
    # YAML and the file itself
    ("file-empty", "", ""),
    ("file-empty", "only a comment", "«# soon\n"),
    ("file-not-mapping", "a list", "«- name: demo\n"),
    ("yaml-syntax", "tab", "name: demo\n«\tmodel: x\n"),
    ("yaml-syntax", "unquoted star", "name: demo\ntriggers:\n  schedule:\n    cron: *«  2 * * ? *\n"),
    ("yaml-syntax", "bracket in braces", "name: demo\ndata_processing: {input_filter: $«[1:]}\n"),
    ("yaml-syntax", "open quote", 'name: «"demo\nmodel: {existing: m}\n'),
    ("yaml-syntax", "two documents", f"{MODEL}«---\nname: other\n"),
    ("yaml-character", "control character", 'name: "a«\x01b"\n'),
    ("yaml-too-deep", "brackets", "«" + "[" * 5000),
    ("yaml-tag", "CloudFormation's", f"{MODEL}input:\n  data: «!Ref Bucket\n"),
    ("yaml-key", "list as key", f"{MODEL}? «[a]\n: b\n"),
    ("yaml-merge", "text", f"{MODEL}transform:\n  <<: «base\n"),
    ("yaml-alias", "inside itself", f"{MODEL}input: «&a\n  columns: [*a]\n"),
    ("yaml-value", "tag and text differ", f"{MODEL}transform: {{max_payload: «!!int six}}\n"),
    ("duplicate-field", "top", f"{MODEL}«name: other\n"),
    ("duplicate-field", "nested", f"{MODEL}transform:\n  max_payload: 1\n  «max_payload: 2\n"),
    # Fields and types
    ("unknown-field", "misspelled", f"{MODEL}input:\n  «split_typ: Line\n"),
    ("unknown-field", "elsewhere", f"{MODEL}input:\n  «accept: text/csv\n"),
    ("unknown-field", "the API's name", f"{MODEL}transform:\n  «MaxPayloadInMB: 6\n"),
    ("unknown-field", "nothing like it", f"{MODEL}«xyz: 6\n"),
    ("missing-field", "name", "«model: {existing: demo-model}\n"),
    ("missing-field", "model", "«name: demo\n"),
    (
        "missing-field",
        "version",
        "name: demo\nmodel:\n  artifact: s3://bucket/m.tar.gz\n  image: «{framework: sklearn}\n",
    ),
    ("wrong-type", "number for text", "name: «123\nmodel: {existing: demo-model}\n"),
    ("wrong-type", "date for text", "name: «2026-01-01\nmodel: {existing: demo-model}\n"),
    ("wrong-type", "yes for text", f"{MODEL}input:\n  columns: [id, «yes]\n"),
    (
        "wrong-type",
        "float for a version",
        "name: demo\nmodel:\n  artifact: s3://bucket/m.tar.gz\n"
        "  image: {framework: pytorch, version: «2.6}\n",
    ),
    ("wrong-type", "text for number", f"{MODEL}transform:\n  max_payload: «six\n"),
    ("wrong-type", "quoted number", f'{MODEL}transform:\n  max_payload: «"6"\n'),
    ("wrong-type", "fraction", f"{MODEL}transform:\n  max_payload: «6.5\n"),
    ("wrong-type", "yes for number", f"{MODEL}transform:\n  max_payload: «yes\n"),
    ("wrong-type", "text for amount", f"{MODEL}workflow:\n  max_cost: «much\n"),
    ("wrong-type", "quoted amount", f'{MODEL}workflow:\n  max_cost: «"2.50"\n'),
    ("max-cost-too-small", "0", f"{MODEL}workflow: {{max_cost: «0}}\n"),
    ("price-per-hour-too-small", "-1", f"{MODEL}workflow: {{price_per_hour: «-1}}\n"),
    ("wrong-type", "text for flag", f"{MODEL}triggers:\n  schedule: {{rate: 1 hour, enabled: «sometimes}}\n"),
    ("wrong-type", "text for list", f"{MODEL}input:\n  columns: «id, age\n"),
    ("wrong-type", "text for mapping", f"{MODEL}transform:\n  env: «LEVEL=debug\n"),
    ("wrong-type", "yes in env", f"{MODEL}transform:\n  env: {{DEBUG: «yes}}\n"),
    ("wrong-type", "nothing in env", f"{MODEL}transform:\n  env:\n    DEBUG:«\n"),
    ("wrong-type", "text for structure", "name: demo\nmodel: «demo-model\n"),
    # Name
    ("name-too-long", "33", f"name: «{'a' * 33}\nmodel: {{existing: demo-model}}\n"),
    ("name-malformed", "underscore", "name: «churn_nightly\nmodel: {existing: demo-model}\n"),
    # Model
    ("model-missing", "env alone", "name: demo\nmodel: «{env: {A: b}}\n"),
    ("model-ambiguous", "two", "name: demo\nmodel: «{existing: m, artifact: s3://bucket/m.tar.gz}\n"),
    (
        "image-missing",
        "artifact",
        "name: demo\n«model: {artifact: s3://bucket/m.tar.gz}\n",
    ),
    (
        "image-with-existing",
        "image",
        "name: demo\nmodel: {existing: m, image: «123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:b}\n",
    ),
    ("env-with-existing", "env", "name: demo\nmodel: {existing: m, env: «{A: b}}\n"),
    (
        "image-unknown",
        "framework",
        "name: demo\nmodel:\n  artifact: s3://bucket/m.tar.gz\n"
        "  image: «{framework: tensorflow, version: 2.1-1}\n",
    ),
    (
        "image-unknown",
        "version",
        "name: demo\nmodel:\n  artifact: s3://bucket/m.tar.gz\n"
        "  image: «{framework: sklearn, version: 9.9-9}\n",
    ),
    (
        "image-unknown",
        "instance type",
        "name: demo\nmodel:\n  artifact: s3://bucket/m.tar.gz\n"
        "  image: «{framework: sklearn, version: 1.2-1}\ntransform: {instance_type: ml.inf2.xlarge}\n",
    ),
    (
        "image-malformed",
        "space",
        "name: demo\nmodel:\n  artifact: s3://bucket/m.tar.gz\n  image: «my image\n",
    ),
    ("image-without-registry", "framework", f"{ARTIFACT} image: «sklearn}}\n"),
    ("image-without-registry", "framework and version", f"{ARTIFACT} image: «'sklearn:1.2-1'}}\n"),
    ("image-with-scheme", "https", f"{ARTIFACT} image: «'https://repo/x:1'}}\n"),
    ("image-outside-ecr", "Docker Hub", f"{ARTIFACT} image: «'python:3.11'}}\n"),
    ("model-placeholder", "adopted", "name: demo\nmodel: {existing: «name-of-your-model}\n"),
    (
        "env-not-number",
        "timeout",
        f"{SKLEARN} env: {{SAGEMAKER_MODEL_SERVER_TIMEOUT: «1m}}}}\n",
    ),
    (
        "env-not-number",
        "of the job",
        f"{SKLEARN}}}\ntransform: {{env: {{SAGEMAKER_MODEL_SERVER_TIMEOUT: «1m}}}}\n",
    ),
    ("env-not-number", "log level", f"{SKLEARN} env: {{SAGEMAKER_CONTAINER_LOG_LEVEL: «INFO}}}}\n"),
    ("program-not-module", "empty", f'{SKLEARN} env: {{SAGEMAKER_PROGRAM: «""}}}}\n'),
    ("program-not-module", "folder", f"{SKLEARN} env: {{SAGEMAKER_PROGRAM: «src/predict.py}}}}\n"),
    ("submit-directory-unknown", "relative", f"{SKLEARN} env: {{SAGEMAKER_SUBMIT_DIRECTORY: «code}}}}\n"),
    ("submit-directory-unknown", "empty", f"{SKLEARN} env: {{SAGEMAKER_SUBMIT_DIRECTORY: «''}}}}\n"),
    (
        "submit-directory-malformed",
        "folder",
        f"{SKLEARN} env: {{SAGEMAKER_SUBMIT_DIRECTORY: «'s3://bucket/code/'}}}}\n",
    ),
    (
        "submit-directory-malformed",
        "another image",
        f"{ARTIFACT} image: 'repo/own:1', env: {{SAGEMAKER_SUBMIT_DIRECTORY: «'s3://bucket'}}}}\n",
    ),
    (
        "submit-directory-ignored",
        "PyTorch",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: {framework: pytorch, version: '2.6'},\n"
        f"  env: {{SAGEMAKER_SUBMIT_DIRECTORY: «{SOURCEDIR}}}}}\n",
    ),
    (
        "submit-directory-without-program",
        "XGBoost",
        f"{XGBOOST} env: {{SAGEMAKER_SUBMIT_DIRECTORY: «{SOURCEDIR}}}}}\n{TYPE}",
    ),
    (
        "submit-directory-with-isolation",
        "scikit-learn",
        f"{SKLEARN} enable_network_isolation: true,\n  env: {{SAGEMAKER_SUBMIT_DIRECTORY: «{SOURCEDIR}}}}}\n",
    ),
    (
        "submit-directory-of-job",
        "scikit-learn",
        f"{SKLEARN}}}\ntransform: {{env: {{SAGEMAKER_SUBMIT_DIRECTORY: «{SOURCEDIR}}}}}\n",
    ),
    ("content-type-missing", "XGBoost", f"{XGBOOST}}}\n«input: {{data: 's3://bucket/in/'}}\n"),
    ("content-type-unfit", "XGBoost", f"{XGBOOST}}}\ninput: {{content_type: «application/json}}\n"),
    (
        "label-size-unfit",
        "XGBoost",
        f"{XGBOOST}}}\ninput: {{content_type: «text/csv; label_size=0}}\n",
    ),
    ("accept-unfit", "XGBoost", f"{XGBOOST}}}\n{TYPE}output: {{accept: «application/x-npy}}\n"),
    (
        "answer-unfit-for-next",
        "JSON, which is the default",
        f"{PIPELINE}  - «{{artifact: s3://bucket/p.tar.gz, image: {{framework: sklearn, version: 1.2-1}}}}\n"
        f"{XGBOOST_LAST}",
    ),
    (
        "answer-unfit-for-next",
        "another type",
        f"{PIPELINE}  - «{{artifact: s3://bucket/p.tar.gz, image: {{framework: pytorch, version: '2.6'}}, "
        f"env: {{SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: application/x-npy}}}}\n{XGBOOST_LAST}",
    ),
    ("max-payload-above-container", "XGBoost", f"{XGBOOST}}}\n{TYPE}transform: {{max_payload: «7}}\n"),
    ("max-payload-above-container", "streams", f"{XGBOOST}}}\n{TYPE}transform: {{max_payload: «0}}\n"),
    (
        "max-payload-above-container",
        "a smaller limit",
        f"{XGBOOST} env: {{MAX_CONTENT_LENGTH: '1048576'}}}}\n{TYPE}transform: {{max_payload: «6}}\n",
    ),
    (
        "max-payload-above-container",
        "an image before 1.2-2, which takes 20 MB at most",
        f"{ARTIFACT} image: {{framework: xgboost, version: 1.2-1}}, env: {{MAX_CONTENT_LENGTH: '104857600'}}}}\n"
        f"{TYPE}transform: {{max_payload: «21}}\n",
    ),
    (
        "max-payload-above-container",
        "PyTorch",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: {framework: pytorch, version: '2.6'}}\n"
        "transform: {max_payload: «7}\n",
    ),
    (
        "invocations-timeout-above-container",
        "scikit-learn",
        f"{SKLEARN}}}\ntransform: {{invocations_max_retries: 0, invocations_timeout_in_seconds: «61}}\n",
    ),
    (
        "invocations-timeout-above-container",
        "a longer limit",
        f"{SKLEARN} env: {{SAGEMAKER_MODEL_SERVER_TIMEOUT: '100'}}}}\n"
        "transform: {invocations_max_retries: 0, invocations_timeout_in_seconds: «101}\n",
    ),
    (
        "split-line-of-binary",
        "an array",
        f"{MODEL}input: {{content_type: application/x-npy, split_type: «Line}}\noutput: {{assemble_with: Line}}\n",
    ),
    (
        "answers-without-lines",
        "left out",
        f"{MODEL}input: {{content_type: application/json, split_type: «Line}}\n",
    ),
    ("content-type-missing", "no input", f"{ARTIFACT} image: «{{framework: xgboost, version: 1.7-1}}}}\n"),
    (
        "answers-without-lines",
        "None",
        f"{MODEL}input: {{content_type: application/json, split_type: Line}}\noutput: {{assemble_with: «None}}\n",
    ),
    ("existing-malformed", "underscore", "name: demo\nmodel: {existing: «my_model}\n"),
    ("existing-too-long", "64", f"name: demo\nmodel: {{existing: «{'m' * 64}}}\n"),
    ("artifact-malformed", "path", "name: demo\nmodel: {artifact: «models/m.tar.gz, image: repo/image}\n"),
    (
        "artifact-uncompressed",
        "folder",
        "name: demo\nmodel: {artifact: «s3://bucket/model/, image: repo/image}\n",
    ),
    (
        "env-name-malformed",
        "model",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: repo/image,\n  env: {MY-VAR: «a}}\n",
    ),
    (
        "env-value-too-long",
        "model",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: repo/image,\n"
        f"  env: {{A: «{'a' * 1025}}}}}\n",
    ),
    (
        "source-missing",
        "folder",
        "name: demo\nmodel: {source: «nowhere, image: {framework: sklearn, version: 1.2-1}}\n",
    ),
    (
        "source-without-code",
        "folder",
        "name: demo\nmodel: {source: «., image: {framework: sklearn, version: 1.2-1}}\n",
    ),
    ("endpoint-malformed", "underscore", "name: demo\nmodel: {endpoint: «my_endpoint}\n"),
    ("package-group-malformed", "blank", f"name: demo\nmodel: {{package_group: «my group, {ROLE}}}\n"),
    ("role-missing", "package group", "name: demo\n«model: {package_group: churn}\n"),
    ("role-malformed", "short name", "name: demo\nmodel: {package_group: churn, role: «myrole}\n"),
    ("role-malformed", "name", "name: demo\nmodel: {package_group: churn, role: «SageMakerExecutionRole}\n"),
    ("vpc-config-with-existing", "network", f"name: demo\nmodel: {{existing: m, vpc_config: «{NETWORK}}}\n"),
    ("env-with-endpoint", "env", "name: demo\nmodel: {endpoint: e, env: «{A: b}}\n"),
    (
        "image-with-containers",
        "image",
        "name: demo\nmodel: {image: «repo/image, containers: [{image: repo/a}, {image: repo/b}]}\n",
    ),
    (
        "containers-too-many",
        "16",
        f"name: demo\nmodel: {{containers: «[{', '.join(['{image: repo/a}'] * 16)}]}}\n",
    ),
    (
        "container-ambiguous",
        "both",
        "name: demo\nmodel: {containers: [«{image: repo/a, source: ., artifact: s3://bucket/m.tar.gz}]}\n",
    ),
    (
        "missing-field",
        "image of a container",
        "name: demo\nmodel: {containers: [{image: repo/a}, «{artifact: s3://bucket/m.tar.gz}]}\n",
    ),
    ("wrong-type", "containers", "name: demo\nmodel: {containers: «{image: repo/a}}\n"),
    ("wrong-type", "a container", "name: demo\nmodel: {containers: [«repo/a]}\n"),
    ("unknown-field", "of a container", "name: demo\nmodel: {containers: [{image: repo/a, «hostname: b}]}\n"),
    (
        "source-missing",
        "of a container",
        "name: demo\nmodel: {containers: [{image: repo/a, source: «nowhere}]}\n",
    ),
    (
        "image-unknown",
        "of a container",
        "name: demo\nmodel: {containers: [{image: «{framework: sklearn, version: 9-9}}]}\n",
    ),
    ("kms-key-malformed", "model", f"{ARTIFACT} image: repo/image, kms_key: «my key}}\n"),
    (
        "kms-key-malformed",
        "of a container",
        "name: demo\nmodel: {containers: [{image: repo/a, artifact: s3://bucket/m.tar.gz, kms_key: «my key}]}\n",
    ),
    ("kms-key-with-existing", "key", "name: demo\nmodel: {existing: m, kms_key: «alias/models}\n"),
    (
        "kms-key-with-package-group",
        "key",
        "name: demo\n"
        "model: {package_group: g, role: 'arn:aws:iam::123456789012:role/r', kms_key: «alias/models}\n",
    ),
    (
        "kms-key-with-containers",
        "key of all",
        "name: demo\nmodel: {containers: [{image: repo/a}], kms_key: «alias/models}\n",
    ),
    (
        "kms-key-without-archive",
        "image alone",
        "name: demo\nmodel: {containers: [{image: repo/a, kms_key: «alias/models}]}\n",
    ),
    (
        "kms-key-with-role",
        "role",
        f"{ARTIFACT} image: repo/image, role: 'arn:aws:iam::123456789012:role/r', kms_key: «alias/models}}\n",
    ),
    (
        "subnets-count",
        "none",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: repo/image,\n"
        "  vpc_config: {subnets: «[], security_group_ids: [sg-1]}}\n",
    ),
    (
        "security-group-ids-malformed",
        "name",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: repo/image,\n"
        "  vpc_config: {subnets: [subnet-1], security_group_ids: [«my_group]}}\n",
    ),
    (
        "missing-field",
        "security groups",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: repo/image,\n"
        "  vpc_config: «{subnets: [subnet-1]}}\n",
    ),
    # Single members
    ("data-malformed", "path", f"{MODEL}input: {{data: «bucket/in}}\n"),
    ("data-too-long", "1025", f"{MODEL}input: {{data: «s3://bucket/{'a' * 1013}}}\n"),
    ("data-type-unfit", "augmented", f"{MODEL}input: {{data_type: «AugmentedManifestFile}}\n"),
    ("data-type-unknown", "s3prefix", f"{MODEL}input: {{data_type: «S3}}\n"),
    ("content-type-too-long", "257", f"{MODEL}input: {{content_type: «{'a' * 257}}}\n"),
    ("content-type-malformed", "two lines", f'{MODEL}input: {{content_type: «"text\\ncsv"}}\n'),
    ("compression-type-unknown", "gz", f"{MODEL}input: {{compression_type: «gz}}\n"),
    ("split-type-unknown", "lower case", f"{MODEL}input: {{split_type: «line}}\n"),
    ("path-malformed", "path", f"{MODEL}output: {{path: «out/}}\n"),
    ("assemble-with-unknown", "RecordIO", f"{MODEL}output: {{assemble_with: «RecordIO}}\n"),
    ("instance-type-unknown", "t3", f"{MODEL}transform: {{instance_type: «ml.t3.medium}}\n"),
    ("instance-count-too-small", "0", f"{MODEL}transform: {{instance_count: «0}}\n"),
    ("instance-count-too-large", "101", f"{MODEL}transform: {{instance_count: «101}}\n"),
    (
        "strategy-unknown",
        "container's",
        f"{MODEL}input: {{split_type: Line}}\noutput: {{assemble_with: Line}}\n"
        "transform: {strategy: «MULTI_RECORD}\n",
    ),
    ("max-payload-too-large", "200", f"{MODEL}transform: {{max_payload: «200}}\n"),
    ("max-payload-too-small", "-1", f"{MODEL}transform: {{max_payload: «-1}}\n"),
    ("max-concurrent-transforms-too-small", "-1", f"{MODEL}transform: {{max_concurrent_transforms: «-1}}\n"),
    (
        "invocations-timeout-in-seconds-too-large",
        "1 h",
        f"{MODEL}transform: {{invocations_timeout_in_seconds: «3601}}\n",
    ),
    (
        "invocations-timeout-in-seconds-too-small",
        "0",
        f"{MODEL}transform: {{invocations_timeout_in_seconds: «0}}\n",
    ),
    ("invocations-max-retries-too-large", "4", f"{MODEL}transform: {{invocations_max_retries: «4}}\n"),
    ("max-runtime-in-seconds-too-small", "0", f"{MODEL}transform: {{max_runtime_in_seconds: «0}}\n"),
    ("env-too-many", "17", f"{MODEL}transform: {{env: «{{{', '.join(f'V{n}: a' for n in range(17))}}}}}\n"),
    ("env-name-malformed", "digit first", f"{MODEL}transform: {{env: {{1A: «a}}}}\n"),
    ("env-value-too-long", "10241", f"{MODEL}transform: {{env: {{A: «{'a' * 10241}}}}}\n"),
    ("join-source-unknown", "Output", f"{MODEL}data_processing: {{join_source: «Output}}\n"),
    ("input-filter-too-long", "64", f"{MODEL}data_processing:\n  input_filter: «$.{'a' * 62}\n"),
    ("tags-too-many", "51", f"{MODEL}tags: «{{{', '.join(f'T{n}: a' for n in range(51))}}}\n"),
    ("tag-malformed", "star", f"{MODEL}tags: {{team: «'a*b'}}\n"),
    ("tag-name-too-long", "129", f"{MODEL}tags: {{{'t' * 129}: «a}}\n"),
    ("tag-value-too-long", "257", f"{MODEL}tags: {{team: «{'t' * 257}}}\n"),
    ("tag-name-reserved", "aws:", f"{MODEL}tags: {{'aws:team': «a}}\n"),
    (
        "strategy-unknown",
        "misspelled, without a split",
        f"{MODEL}transform: {{strategy: «Multirecords}}\n",
    ),
    # Batching
    ("strategy-needs-split", "None", f"{MODEL}transform: {{strategy: «MultiRecord}}\n"),
    (
        "payload-in-flight-too-large",
        "50 x 50",
        f"{MODEL}transform: {{max_payload: 50, max_concurrent_transforms: «50}}\n",
    ),
    (
        "payload-in-flight-too-large",
        "17 x default",
        f"{MODEL}transform: {{max_concurrent_transforms: «17}}\n",
    ),
    (
        "streaming-with-built-in",
        "linear-learner",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz,\n"
        "  image: '438346466558.dkr.ecr.eu-west-1.amazonaws.com/linear-learner:1'}\ntransform: {max_payload: «0}\n",
    ),
    # Join
    (
        "join-types-differ",
        "csv and JSON Lines",
        f"{MODEL}{JOIN}input: {{content_type: text/csv, split_type: Line}}\n"
        "output: {accept: «application/jsonlines, assemble_with: Line}\n",
    ),
    (
        "join-csv-needs-line",
        "split",
        f"{MODEL}{JOIN}input: {{content_type: text/csv, split_type: «None}}\n"
        "output: {accept: text/csv, assemble_with: Line}\n",
    ),
    (
        "join-csv-needs-line",
        "assemble",
        f"{MODEL}{JOIN}input: {{content_type: text/csv, split_type: Line}}\n"
        "output: {accept: text/csv, assemble_with: «None}\n",
    ),
    (
        "join-split-differs",
        "JSON",
        f"{MODEL}{JOIN}input: {{content_type: application/json, split_type: Line}}\n"
        "output: {accept: application/json, assemble_with: «None}\n",
    ),
    (
        "join-split-unfit",
        "RecordIO",
        f"{MODEL}{JOIN}input: {{content_type: application/json, split_type: «RecordIO}}\n"
        "output: {accept: application/json}\n",
    ),
    (
        "join-json-lines-whole",
        "None and None",
        f"{MODEL}{JOIN}input: {{content_type: application/jsonlines, split_type: «None}}\n"
        "output: {accept: application/jsonlines, assemble_with: None}\n",
    ),
    # Filters
    ("filter-refused", "no $", f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'1:'}}\n"),
    (
        "filter-refused",
        "underscore",
        f"{MODEL}input: {{content_type: application/jsonlines}}\ndata_processing:\n  input_filter: «$.a_b\n",
    ),
    (
        "filter-refused",
        "double quotes",
        f'{MODEL}output: {{accept: application/json}}\ndata_processing:\n  output_filter: «$["a"]\n',
    ),
    ("filter-refused", "name in CSV", f"{MODEL}{CSV_LINES}data_processing: {{output_filter: «$.id}}\n"),
    ("filter-refused", "empty", f"{MODEL}{CSV_LINES}data_processing: {{output_filter: «''}}\n"),
    (
        "filter-syntax",
        "list of ranges",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[0:2,246:]'}}\n",
    ),
    (
        "filter-syntax",
        "two steps in CSV",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[0][1]'}}\n",
    ),
    (
        "filter-undefined",
        "wildcard",
        f"{MODEL}input: {{content_type: application/json}}\ndata_processing: {{input_filter: «$.id.*}}\n",
    ),
    (
        "filter-undefined",
        "wildcard of a row",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[*]'}}\n",
    ),
    (
        "filter-undefined",
        "negative end",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[0:-1]'}}\n",
    ),
    (
        "filter-refused",
        "no-break space",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[0,\u00a01]'}}\n",
    ),
    (
        "filter-backwards",
        "slice",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[3:1]'}}\n",
    ),
    (
        "filter-backwards",
        "of four columns",
        f"{MODEL}{CSV_NAMES}data_processing: {{input_filter: «'$[3:1]'}}\n",
    ),
    (
        "filter-from-both-ends",
        "slice",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[-1:2]'}}\n",
    ),
    (
        "filter-from-both-ends",
        "of four columns",
        f"{MODEL}{CSV_NAMES}data_processing: {{input_filter: «'$[-1:2]'}}\n",
    ),
    (
        "filter-index-too-large",
        "20 digits",
        f"{MODEL}{CSV_LINES}data_processing: {{input_filter: «'$[99999999999999999999]'}}\n",
    ),
    (
        "filter-type-unfit",
        "image",
        f"{MODEL}input: {{content_type: image/png}}\ndata_processing: {{input_filter: «$.a}}\n",
    ),
    ("filter-type-unfit", "no type", f"{MODEL}data_processing: {{output_filter: «$.a}}\n"),
    (
        "filter-csv-needs-line",
        "not split",
        f"{MODEL}input: {{content_type: text/csv}}\ndata_processing: {{input_filter: «'$[1:]'}}\n",
    ),
    # Filters by name
    ("filter-twice", "both", f"{MODEL}{CSV_NAMES}data_processing: {{input_filter: '$[1:]', send: «[age]}}\n"),
    ("filter-twice", "$ too", f"{MODEL}{CSV_NAMES}data_processing: {{output_filter: $, keep: «[label]}}\n"),
    ("filter-twice", "send", f"{MODEL}{CSV_NAMES}data_processing: {{send: «[age], send_except: [id]}}\n"),
    ("names-empty", "none", f"{MODEL}{CSV_NAMES}data_processing: {{send: «[]}}\n"),
    ("names-empty", "all", f"{MODEL}{CSV_NAMES}data_processing: {{send_except: «[id, age, plan, note]}}\n"),
    ("name-twice", "send", f"{MODEL}{CSV_NAMES}data_processing: {{send: [age, «age]}}\n"),
    ("name-unknown", "send", f"{MODEL}{CSV_NAMES}data_processing: {{send: [age, «pln]}}\n"),
    (
        "name-unknown",
        "no names for the answer",
        f"{MODEL}{CSV_NAMES.replace(', columns: [score, label]', '')}"
        "data_processing: {join_source: Input, keep: [id, «prediction]}\n",
    ),
    ("name-unknown", "send_except", f"{MODEL}{CSV_NAMES}data_processing: {{send_except: [«ids]}}\n"),
    (
        "name-unknown",
        "keep",
        f"{MODEL}{CSV_NAMES}data_processing: {{join_source: Input, keep: [id, «lable]}}\n",
    ),
    (
        "name-unknown",
        "JSON",
        f"{MODEL}{JSON_LINES.replace('split', 'columns: [a, b], split')}data_processing: {{send: [a, «c]}}\n",
    ),
    ("name-not-joined", "CSV", f"{MODEL}{CSV_NAMES}data_processing: {{keep: [«id, label]}}\n"),
    ("name-not-joined", "JSON", f"{MODEL}{JSON_LINES}data_processing: {{keep: [«SageMakerOutput]}}\n"),
    (
        "name-ambiguous",
        "both",
        f"{MODEL}{CSV_NAMES.replace('score', 'age')}data_processing: {{join_source: Input, keep: [«age]}}\n",
    ),
    ("names-need-type", "none", f"{MODEL}data_processing: {{send: «[age]}}\n"),
    (
        "names-need-type",
        "image",
        f"{MODEL}output: {{accept: image/png}}\ndata_processing: {{keep: «[age]}}\n",
    ),
    ("names-need-columns", "CSV", f"{MODEL}{CSV_LINES}data_processing: {{send: «[age]}}\n"),
    ("names-need-columns", "JSON", f"{MODEL}{JSON_LINES}data_processing: {{send_except: «[age]}}\n"),
    ("name-unwritable", "underscore", f"{MODEL}{JSON_LINES}data_processing: {{send: [age, «first_name]}}\n"),
    ("name-unwritable", "nested", f"{MODEL}{JSON_LINES}data_processing: {{send: [«a.b]}}\n"),
    (
        "name-unwritable",
        "left over",
        f"{MODEL}{JSON_LINES.replace('split', 'columns: [id, a_b, c], split')}"
        "data_processing: {send_except: «[id]}\n",
    ),
    (
        "names-apart",
        "JSON",
        f"{MODEL}{JSON_LINES}data_processing: {{join_source: Input, keep: «[id, SageMakerOutput.score]}}\n",
    ),
    (
        "names-too-long",
        "CSV",
        f"{MODEL}input: {{content_type: text/csv, split_type: Line, columns: [{WIDE}]}}\n"
        f"data_processing: {{send: «[{EVERY_SECOND}]}}\noutput: {{assemble_with: Line}}\n",
    ),
    (
        "names-too-long",
        "JSON",
        f"{MODEL}{JSON_LINES}data_processing: {{send: «[{', '.join(f'a-long-name-{n}' for n in range(5))}]}}\n",
    ),
    ("names-order", "CSV", f"{MODEL}{CSV_NAMES}data_processing: {{send: «[plan, age]}}\n"),
    (
        "filter-csv-needs-line",
        "names",
        f"{MODEL}input: {{content_type: text/csv, split_type: None, columns: [id, age]}}\n"
        "data_processing: {send: «[age]}\n",
    ),
    (
        "column-reserved",
        "JSON",
        f"{MODEL}{JSON_LINES.replace('split', 'columns: [id, «SageMakerOutput], split')}",
    ),
    (
        "filter-beyond-fields",
        "input",
        f"{MODEL}{JSON_LINES.replace('split', 'columns: [id, text], split')}"
        "data_processing: {input_filter: «$.txt}\n",
    ),
    (
        "filter-beyond-fields",
        "joined",
        f"{MODEL}{JSON_LINES.replace('split', 'columns: [id, text], split')}"
        "data_processing:\n  join_source: Input\n  output_filter: «$['ids','SageMakerOutput']\n",
    ),
    (
        "filter-beyond-fields",
        "answer",
        f"{MODEL}{JSON_LINES.replace('assemble', 'columns: [score], assemble')}"
        "data_processing: {output_filter: «$.label}\n",
    ),
    # Instances
    (
        "volume-key-with-local-storage",
        "g5",
        f"{MODEL}transform: {{instance_type: ml.g5.xlarge, volume_kms_key: «alias/key}}\n",
    ),
    (
        "ami-version-without-gpu",
        "m5",
        f"{MODEL}transform: {{transform_ami_version: «al2-ami-sagemaker-batch-gpu-535}}\n",
    ),
    ("kms-key-malformed", "space", f"{MODEL}output: {{kms_key: «my key}}\n"),
    (
        "missing-field",
        "capture",
        f"{MODEL}«batch_data_capture_config: {{generate_inference_id: true}}\n",
    ),
    (
        "wrong-type",
        "flag",
        f"{MODEL}batch_data_capture_config: {{destination_s3_uri: s3://bucket/c/, generate_inference_id: «maybe}}\n",
    ),
    ("run-name-malformed", "underscore", f"{MODEL}experiment_config: {{run_name: «a_b}}\n"),
    # Columns
    (
        "columns-twice",
        "both",
        f"{MODEL}input: {{content_type: text/csv, columns: [a], columns_from: «job.yaml}}\n",
    ),
    (
        "columns-from-unreadable",
        "missing",
        f"{MODEL}input: {{content_type: text/csv, columns_from: «no.csv}}\n",
    ),
    ("columns-empty", "input", f"{MODEL}input: {{columns: «[]}}\n"),
    ("columns-empty", "output", f"{MODEL}output: {{columns: «[]}}\n"),
    ("column-empty", "input", f'{MODEL}input: {{columns: [id, «""]}}\n'),
    ("column-empty", "blank", f'{MODEL}output: {{columns: [«" "]}}\n'),
    ("column-outer-blank", "input", f'{MODEL}input: {{columns: [id, «" age"]}}\n'),
    ("column-of-lines", "input", f'{MODEL}input: {{columns: [id, «"a\\nge"]}}\n'),
    ("column-duplicate", "input", f"{MODEL}input: {{columns: [id, age, «id]}}\n"),
    ("columns-type-unfit", "image", f"{MODEL}input: {{content_type: image/png, columns: «[id]}}\n"),
    (
        "filter-beyond-columns",
        "input",
        f"{MODEL}data_processing: {{input_filter: «'$[3]'}}\n"
        "input: {content_type: text/csv, split_type: Line, columns: [id, age, plan]}\noutput: {assemble_with: Line}\n",
    ),
    (
        "filter-beyond-columns",
        "from the end",
        f"{MODEL}data_processing: {{input_filter: «'$[-4]'}}\n"
        "input: {content_type: text/csv, split_type: Line, columns: [id, age, plan]}\noutput: {assemble_with: Line}\n",
    ),
    (
        "filter-beyond-columns",
        "slice",
        f"{MODEL}data_processing: {{input_filter: «'$[1:3]'}}\n"
        "input: {content_type: text/csv, split_type: Line, columns: [id, age, plan]}\noutput: {assemble_with: Line}\n",
    ),
    (
        "filter-beyond-columns",
        "joined",
        f"{MODEL}data_processing: {{join_source: Input, output_filter: «'$[0,3]'}}\n"
        "input: {content_type: text/csv, split_type: Line, columns: [id, age]}\n"
        "output: {accept: text/csv, assemble_with: Line, columns: [prediction]}\n",
    ),
    (
        "filter-beyond-columns",
        "answer",
        f"{MODEL}data_processing: {{output_filter: «'$[1]'}}\n"
        "output: {accept: text/csv, assemble_with: Line, columns: [prediction]}\n",
    ),
    # Locations
    (
        "output-under-input",
        "folder",
        f"{MODEL}input: {{data: s3://bucket/in/}}\noutput: {{path: «s3://bucket/in/out/}}\n",
    ),
    (
        "output-under-input",
        "same start",
        f"{MODEL}input: {{data: s3://bucket/test}}\noutput: {{path: «s3://bucket/test-out/}}\n",
    ),
    (
        "output-under-input",
        "same",
        f"{MODEL}input: {{data: s3://bucket/in/}}\noutput: {{path: «s3://bucket/in}}\n",
    ),
    (
        "output-under-input",
        "whole bucket",
        f"{MODEL}input: {{data: s3://bucket}}\noutput: {{path: «s3://bucket/out}}\n",
    ),
    (
        "input-under-output",
        "folder",
        f"{MODEL}input: {{data: «s3://bucket/all/in/}}\noutput: {{path: s3://bucket/all/}}\n",
    ),
    ("bucket-name-impossible", "input", f"{MODEL}input: {{data: «s3://ab/in/}}\n"),
    (
        "bucket-name-impossible",
        "artifact",
        "name: demo\nmodel: {artifact: «s3://ab/model.tar.gz, image: repo/image}\n",
    ),
    (
        "bucket-name-impossible",
        "code",
        "name: demo\nmodel: {artifact: s3://bucket/model.tar.gz, image: repo/image, "
        "env: {SAGEMAKER_SUBMIT_DIRECTORY: «s3://ab/sourcedir.tar.gz}}\n",
    ),
    (
        "bucket-name-unusual",
        "artifact",
        "name: demo\nmodel: {artifact: «s3://My_Bucket/m.tar.gz, image: repo/image}\n",
    ),
    ("bucket-name-unusual", "underscore", f"{MODEL}input: {{data: «s3://My_Bucket/in/}}\n"),
    ("artifact-not-tar-gz", "zip", "name: demo\nmodel: {artifact: «s3://bucket/m.zip, image: repo/image}\n"),
    # Schedule
    ("schedule-empty", "nothing", f"{MODEL}triggers: {{«schedule: }}\n"),
    (
        "timezone-without-cron",
        "rate",
        f"{MODEL}triggers: {{schedule: {{rate: 1 hour, timezone: «Europe/Vienna}}}}\n",
    ),
    ("cron-never", "31 February", f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 31 2 ? *\n"),
    (
        "cron-never",
        "31st of short months",
        f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 31 APR,6,9,NOV ? *\n",
    ),
    ("cron-never", "30W in February", f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 30W FEB ? *\n"),
    (
        "cron-never",
        "29 February of odd years",
        f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 29 2 ? 2027,2029\n",
    ),
    ("schedule-ambiguous", "neither", f"{MODEL}triggers: {{schedule: «{{timezone: UTC}}}}\n"),
    (
        "schedule-ambiguous",
        "both",
        f'{MODEL}triggers: {{schedule: «{{rate: 1 hour, cron: "0 2 * * ? *"}}}}\n',
    ),
    ("cron-malformed", "five fields", f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 * * *\n"),
    ("cron-malformed", "word", f"{MODEL}triggers:\n  schedule:\n    cron: «cron(0 2 * * ? *)\n"),
    ("cron-malformed", "25 o'clock", f"{MODEL}triggers:\n  schedule:\n    cron: «0 25 * * ? *\n"),
    ("cron-malformed", "month", f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 1 FOO ? *\n"),
    ("cron-malformed", "? for hours", f"{MODEL}triggers:\n  schedule:\n    cron: «0 ? 1 * ? *\n"),
    ("cron-days", "two stars", f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 * * * *\n"),
    ("cron-days", "two question marks", f"{MODEL}triggers:\n  schedule:\n    cron: «0 2 ? * ? *\n"),
    ("rate-malformed", "weeks", f"{MODEL}triggers: {{schedule: {{rate: «2 weeks}}}}\n"),
    ("rate-malformed", "zero", f"{MODEL}triggers: {{schedule: {{rate: «0 hours}}}}\n"),
    (
        "timezone-unknown",
        "Wien",
        f"{MODEL}triggers: {{schedule: {{rate: 1 hour, timezone: «Europe/Wien}}}}\n",
    ),
    ("schedule-empty", "empty list", f"{MODEL}triggers: {{schedule: «[]}}\n"),
    ("wrong-type", "text for a schedule", f"{MODEL}triggers: {{schedule: «hourly}}\n"),
    ("rate-malformed", "in a list", f"{MODEL}triggers: {{schedule: [{{name: a, rate: «2 weeks}}]}}\n"),
    (
        "rate-malformed",
        "second in a list",
        f"{MODEL}triggers: {{schedule: [{{name: a, rate: 1 hour}}, {{name: b, rate: «2 weeks}}]}}\n",
    ),
    (
        "schedule-name-missing",
        "second",
        f"{MODEL}triggers: {{schedule: [{{name: a, rate: 1 hour}}, «{{rate: 2 hours}}]}}\n",
    ),
    (
        "schedule-name-duplicate",
        "twice",
        f"{MODEL}triggers: {{schedule: [{{name: a, rate: 1 hour}}, {{rate: 2 hours, name: «a}}]}}\n",
    ),
    ("name-malformed", "schedule", f"{MODEL}triggers: {{schedule: {{rate: 1 hour, name: «every_hour}}}}\n"),
    (
        "maximum-window-in-minutes-too-large",
        "two days",
        f"{MODEL}triggers: {{schedule: {{rate: 1 hour, maximum_window_in_minutes: «2880}}}}\n",
    ),
    ("date-malformed", "day", f"{MODEL}triggers: {{schedule: {{rate: 1 hour, start_date: «2026-12-01}}}}\n"),
    (
        "date-malformed",
        "hour 24",
        f'{MODEL}triggers: {{schedule: {{rate: 1 hour, start_date: «"2026-12-01T24:00:00Z"}}}}\n',
    ),
    ("date-malformed", "word", f"{MODEL}triggers: {{schedule: {{rate: 1 hour, end_date: «soon}}}}\n"),
    (
        "schedule-ends-first",
        "a year",
        f"{MODEL}triggers:\n  schedule:\n    rate: 1 hour\n    start_date: 2027-01-01T00:00:00Z\n"
        "    end_date: «2026-01-01T00:00:00Z\n",
    ),
    (
        "override-unknown",
        "in a schedule's input",
        f"{MODEL}triggers: {{schedule: {{rate: 1 hour, input: {{transform: {{max_paylod: «6}}}}}}}}\n",
    ),
    (
        "override-fixed",
        "in the second's input",
        f"{MODEL}output: {{path: s3://bucket/out/}}\ntriggers:\n  schedule:\n    - {{name: a, rate: 1 hour}}\n"
        "    - {name: b, rate: 1 hour, input: {output.path: «s3://bucket/other/}}\n",
    ),
    (
        "override-undeclared",
        "in an upload's input",
        f"{MODEL}triggers: {{on_upload: {{input: {{transform: {{max_payload: «6}}}}}}}}\n",
    ),
    (
        "override-null",
        "in a schedule's input",
        f"{MODEL}transform: {{max_payload: 6}}\n"
        "triggers: {schedule: {rate: 1 hour, input: {transform: {max_payload: «null}}}}\n",
    ),
    (
        "override-outside-data",
        "other bucket",
        f"{MODEL}input: {{data: s3://bucket/in/}}\n"
        "triggers: {schedule: {rate: 1 hour, input: {input: {data: «s3://other/in/}}}}\n",
    ),
    (
        "override-outside-data",
        "not the job's own prefix",
        f"{MODEL}triggers: {{on_upload: {{input: {{input.data: «s3://bucket/other/}}}}}}\n",
    ),
    (
        "override-of-image",
        "GPU",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: {framework: pytorch, version: '2.6'}}\n"
        "limits: {instance_types: [ml.m5.large, ml.g5.xlarge]}\n"
        "triggers: {schedule: {rate: 1 hour, input: {transform: {instance_type: «ml.g5.xlarge}}}}\n",
    ),
    ("wrong-type", "text for a run's input", f"{MODEL}triggers: {{on_upload: {{input: «all}}}}\n"),
    (
        "wrong-type",
        "date in a run's input",
        f"{MODEL}triggers: {{on_upload: {{input: {{Comment: «2026-12-01}}}}}}\n",
    ),
    # Uploads
    ("wrong-type", "text for an upload", f"{MODEL}triggers: {{on_upload: «always}}\n"),
    (
        "quiet-period-in-seconds-too-small",
        "a second",
        f"{MODEL}triggers: {{on_upload: {{quiet_period_in_seconds: «1}}}}\n",
    ),
    (
        "upload-input-too-long",
        "environment of its own",
        f"{MODEL}triggers: {{on_upload: {{input: «{{transform: {{env: {{A: {'a' * 3000}}}}}}}}}}}\n",
    ),
    (
        "upload-key-too-long",
        "prefix and suffix",
        f"{MODEL}triggers: {{on_upload: «{{prefix: {'a' * 600}, suffix: {'b' * 600}}}}}\n",
    ),
    ("upload-prefix-absolute", "slash", f"{MODEL}triggers: {{on_upload: {{prefix: «/incoming/}}}}\n"),
    (
        "upload-with-manifest",
        "true",
        f"{MODEL}input: {{data: s3://bucket/manifest, data_type: ManifestFile}}\ntriggers: {{on_upload: «true}}\n",
    ),
    (
        "schedule-too-frequent",
        "rate",
        f"{MODEL}triggers: {{schedule: {{rate: «1 hour}}}}\nmonitoring: {{longest_duration_in_seconds: 3601}}\n",
    ),
    (
        "schedule-too-frequent",
        "cron, where runs are skipped",
        f"{MODEL}triggers: {{schedule: {{cron: «'0 2,3 * * ? *'}}}}\nworkflow: {{overlapping_runs: skip}}\n"
        "monitoring: {longest_duration_in_seconds: 7200}\n",
    ),
    # Limits
    (
        "instance-type-beyond-limits",
        "second",
        f"{MODEL}transform: {{instance_type: [ml.m5.large, «ml.m5.xlarge]}}\n"
        "limits: {instance_types: [ml.m5.large]}\n",
    ),
    (
        "instance-count-beyond-limits",
        "3 of 2",
        f"{MODEL}transform: {{instance_count: «3}}\nlimits: {{instance_count: 2}}\n",
    ),
    (
        "max-runtime-beyond-limits",
        "declared",
        f"{MODEL}transform: {{max_runtime_in_seconds: «7200}}\nlimits: {{max_runtime_in_seconds: 3600}}\n",
    ),
    ("limits-empty", "no instance type", f"{MODEL}limits: {{instance_types: «[]}}\n"),
    ("instance-type-unknown", "limits", f"{MODEL}limits: {{instance_types: [«ml.t3.medium]}}\n"),
    ("instance-count-too-small", "limits", f"{MODEL}limits: {{instance_count: «0}}\n"),
    (
        "override-beyond-limits",
        "type",
        f"{MODEL}triggers: {{schedule: {{rate: 1 hour, input: {{transform: {{instance_type: «ml.m5.xlarge}}}}}}}}\n",
    ),
    (
        "override-beyond-limits",
        "count",
        f"{MODEL}triggers: {{schedule: {{rate: 1 hour, input: {{transform: {{instance_count: «2}}}}}}}}\n",
    ),
    # Fallback instance types
    ("instance-types-empty", "list", f"{MODEL}transform: {{instance_type: «[]}}\n"),
    (
        "instance-type-unknown",
        "second",
        f"{MODEL}transform: {{instance_type: [ml.m5.large, «ml.t3.medium]}}\n",
    ),
    (
        "instance-type-duplicate",
        "second",
        f"{MODEL}transform: {{instance_type: [ml.m5.large, «ml.m5.large]}}\n",
    ),
    (
        "volume-key-with-local-storage",
        "second",
        f"{MODEL}transform: {{instance_type: [ml.p3.2xlarge, ml.g5.xlarge], volume_kms_key: «alias/key}}\n",
    ),
    (
        "ladder-of-two-images",
        "second",
        "name: demo\nmodel: {artifact: s3://bucket/m.tar.gz, image: {framework: pytorch, version: '2.6'}}\n"
        "transform: {instance_type: [ml.m5.large, «ml.g5.xlarge]}\n",
    ),
    # Notifications, run settings, alarms
    ("notify-empty", "nothing", f"{MODEL}«notify:\n"),
    ("notify-empty", "braces", f"{MODEL}notify: «{{}}\n"),
    ("notify-empty", "no address", f"{MODEL}notify: {{email: «[]}}\n"),
    ("email-malformed", "no domain", f"{MODEL}notify: {{email: «team}}\n"),
    ("email-malformed", "second", f"{MODEL}notify: {{email: [a@example.com, «b@example]}}\n"),
    ("email-duplicate", "second", f"{MODEL}notify: {{email: [a@example.com, «a@example.com]}}\n"),
    ("topic-malformed", "name", f"{MODEL}notify: {{topic: «failures}}\n"),
    ("topic-fifo", "fifo", f"{MODEL}notify: {{topic: «arn:aws:sns:eu-west-1:123456789012:failures.fifo}}\n"),
    ("overlapping-runs-unknown", "queue", f"{MODEL}workflow: {{overlapping_runs: «queue}}\n"),
    ("reconcile-unknown", "rows", f"{MODEL}reconcile: «rows\n"),
    ("reconcile-uncountable", "whole objects", f"{MODEL}reconcile: «records\n"),
    (
        "reconcile-uncountable",
        "manifest",
        f"{MODEL}input: {{data_type: ManifestFile, split_type: Line}}\noutput: {{assemble_with: Line}}\n"
        "reconcile: «records\n",
    ),
    ("log-retention-unknown", "100", f"{MODEL}workflow: {{log_retention_in_days: «100}}\n"),
    (
        "longest-duration-in-seconds-too-small",
        "zero",
        f"{MODEL}monitoring: {{longest_duration_in_seconds: «0}}\n",
    ),
    ("starts-within-hours-too-large", "a month", f"{MODEL}monitoring: {{starts_within_hours: «720}}\n"),
    ("kms-key-malformed", "input", f"{MODEL}input: {{kms_key: «my key}}\n"),
]

WARNINGS = frozenset(
    {
        "ami-version-without-gpu",
        "answer-unfit-for-next",
        "answers-without-lines",
        "artifact-not-tar-gz",
        "bucket-name-unusual",
        "column-outer-blank",
        "column-reserved",
        "content-type-missing",
        "cron-never",
        "filter-backwards",
        "filter-beyond-fields",
        "filter-csv-needs-line",
        "filter-from-both-ends",
        "filter-index-too-large",
        "filter-undefined",
        "image-outside-ecr",
        "input-under-output",
        "invocations-timeout-above-container",
        "join-json-lines-whole",
        "kms-key-with-role",
        "max-payload-above-container",
        "model-placeholder",
        "names-order",
        "schedule-empty",
        "schedule-too-frequent",
        "split-line-of-binary",
        "strategy-needs-split",
        "streaming-with-built-in",
        "submit-directory-ignored",
        "submit-directory-without-program",
        "timezone-without-cron",
    }
)
"""The codes of what AWS accepts, or may accept."""


@pytest.mark.parametrize(
    ("code", "text"),
    [(code, text) for code, _, text in BAD_FILES],
    ids=[f"{code}: {why}" for code, why, _ in BAD_FILES],
)
def test_fails_with_one_problem_that_points_at_its_place(code: str, text: str, tmp_path: Path) -> None:
    text = text.replace("repo/", REPOSITORY)
    at = max(text.find("«"), 0)
    written = text.replace("«", "")
    path = tmp_path / "job.yaml"
    path.write_text(written)
    files = read_job_files([path])
    place = (written.count("\n", 0, at) + 1, at - written.rfind("\n", 0, at))
    assert [(problem.code, problem.line, problem.column) for problem in files.problems] == [(code, *place)]
    (problem,) = files.problems
    assert problem.path == str(path)
    assert not problem.message.endswith(".")
    assert "Token" not in problem.message
    assert bool(files.jobs) is not problem.is_error
    if code != "override-outside-data":  # an error if the job has an address, a warning otherwise
        assert problem.severity == ("warning" if code in WARNINGS else "error")


def test_every_rule_that_the_source_names_has_a_bad_file() -> None:
    source = Path(job_package.__file__).parent
    modules = [
        module
        for module in source.rglob("*.py")
        if module.name
        not in {"environment_file.py", "overrides.py", "stand_in.py"}  # these have their own tests
    ]
    codes = {
        code
        for module in modules
        for code in re.findall(r'(?:Problem|wrong|_wrong|_too_long)\(\s*"([a-z0-9-]+)"', module.read_text())
    }
    elsewhere = {
        "file-not-found",  # tests of job_file: there is no file to write
        "file-unreadable",
        "not-utf-8",
        "name-duplicate",
        "join-type-unfit",  # tests of the join
        "retry-input",  # tests of retry_input: in no job file, but in the input of an execution
        "names-unresolved",  # tests of named_filters: Python only
        "requirements-with-isolation",  # tests of source: they need a model's folder
        "requirements-in-vpc",
        "requirements-beside-code",
        "import-not-in-image",
        "source-unreadable",
        "source-without-model",
        "source-with-other-files",
    }
    assert len(codes) > 50
    assert codes - {code for code, _, _ in BAD_FILES} == elsewhere
