"""Stacks only compose: they define parts and pass them to one another."""
