"""The local AWS: an emulator, the SageMaker that it lacks, model servers, and the deployment of a CDK app to it.

Start it with `python -m batch_transform.local.server`, or from Python with `batch_transform.local.up.LocalAws`.
"""
