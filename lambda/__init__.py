"""The Lambda functions of a job, one folder each: `handler.py` and the modules that it imports.

They are installed as the package `batch_transform_cdk.functions`, whose folders `WorkflowFunction` ships to AWS.
"""
