"""Property tests here start threads: how long one example takes says how busy the machine is, nothing else."""

from hypothesis import settings

settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")
