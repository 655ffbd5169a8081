"""Explains in words what a job does to the data, for people who know their data but not JSONPath."""
