"""The stacks of this repository's own app, which is the example: an app of yours needs none of it."""
