"""The Lambda functions of a job, one folder each: `handler.py` beside the modules that it imports.

Installed as the package `batch_transform_cdk.functions`, whose folders `WorkflowFunction` ships to AWS as they are.
"""
