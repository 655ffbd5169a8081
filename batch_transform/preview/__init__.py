"""Shows what a job does with the first records of an input, before a run costs anything.

The engine's own functions process the records, so a preview shows exactly what a run would do.
"""
