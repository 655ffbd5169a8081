"""Runs of deployed jobs, on AWS and on the local AWS: upload, start, follow, stop, and copy the results.

Everything here talks to AWS through boto3 clients that the caller passes in: their endpoint is the only difference
between the cloud and a laptop.
"""
