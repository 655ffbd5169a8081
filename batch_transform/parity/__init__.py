"""Cases that describe how Batch Transform behaves, and a runner that needs only boto3 and a SageMaker endpoint."""
