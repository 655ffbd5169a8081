"""What a deployed job does, one story each. A story says of several things whether they are so; all have to be."""
