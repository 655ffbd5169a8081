"""What the other constructs are made of: policies, roles, keys, Lambda functions, texts and nag acknowledgments."""
