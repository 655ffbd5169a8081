"""What AWS fixes: the members of a request and their limits, instance types, stacks, metrics and console links."""
