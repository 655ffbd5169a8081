"""Reads the files that people write: job files, environments, stand-ins. Each problem has its line and column."""
