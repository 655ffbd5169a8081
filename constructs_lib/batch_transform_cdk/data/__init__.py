"""The buckets of a job, and who may read or write below which prefix."""
