"""The cases of how Batch Transform behaves, and running them through any SageMaker endpoint with boto3 alone."""
