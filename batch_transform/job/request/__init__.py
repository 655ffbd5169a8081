"""The CreateTransformJob request of a job, and what a run may change in it."""
