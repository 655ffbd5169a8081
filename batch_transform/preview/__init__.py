"""The first records of an input, taken through a job before the job is paid for.

What it does to the records is done by the engine's own functions: what it shows is what runs.
"""
