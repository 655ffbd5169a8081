"""What a deployed job does, one story for each behaviour.

A story yields points, each with a description and whether it holds. It ends at the first point that fails, since later
ones may rely on it. It cleans up in any case.
"""
