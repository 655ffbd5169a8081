"""The state machine of a job: its definition, its permissions and the run lock."""
