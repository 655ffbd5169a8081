"""What the other constructs are built from: statements, roles, keys, Lambda functions, tokens and acknowledgments."""
