"""Writes job files for existing transform jobs: from a request, a job or state machine on AWS, or a call of the SDK.

Each text is read back with `batch_transform.job.files.job_file`, to verify that it makes the request that was read.
"""
