"""The Lambda functions of a job, one folder each: `handler.py` and the modules that it imports.

`shared` has the modules that several of them import. It is copied beside each handler, so names must differ.

They are installed as the package `batch_transform_cdk.functions`, whose folders `WorkflowFunction` ships to AWS.
"""
