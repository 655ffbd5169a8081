"""The local SageMaker: models, transform jobs, endpoints and model packages over the AWS JSON protocol.

It does not depend on the emulator: it is called with a scope and a request, and it uses S3 and CloudWatch Logs as any
AWS client does.
"""
