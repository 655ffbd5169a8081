"""Job files for transform jobs that exist already: a request, a job or state machine on AWS, or a call of the SDK.

The text is read back with `batch_transform.job.files.job_file`, so a job file that is written means what was read.
"""
