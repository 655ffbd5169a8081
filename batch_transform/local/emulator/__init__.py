"""The adapter: the only package that knows the emulator, ministack.

- `sagemaker_service`, `sagemaker_model_resource` and `sagemaker_tasks` add SageMaker to its services, to CloudFormation
  and to Step Functions.
- `patches` makes its own services answer as AWS does.
- `enforcement` checks more permissions than it does.
- `storage` keeps objects in files.

`hooks` lists every part of ministack that they use; the list is checked before anything is served.
"""
