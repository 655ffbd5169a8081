"""The state machine of a job: its definition, its role and the lock of a run."""
