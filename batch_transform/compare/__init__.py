"""Compares two runs: what differs in their definition, and how their predictions differ."""
