"""The SageMaker model of a job, its container images, its execution role and its network."""
