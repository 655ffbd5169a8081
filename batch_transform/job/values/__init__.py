"""What a job file and an environment say, as frozen dataclasses, and small values that have rules of their own."""
