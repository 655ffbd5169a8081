"""One run of a deployed job, on AWS or on the local AWS alike: upload, start, follow, fetch, look.

Everything here talks to AWS through boto3 clients that the caller made: the endpoint behind
them is the only difference between cloud and laptop.
"""
