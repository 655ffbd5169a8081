"""Job files that are written by the project: from a request, from an SDK call, or new.

What is written is read back with `spec.job_file`, so that it says what it was made from.
"""
