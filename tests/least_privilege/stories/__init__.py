"""What a deployed job does, one story each.

A story says of several things, one after another, whether they are so: it yields what, and whether. All have to
be. It is told no further than the first that is not: what comes after may count on it, and what must be tidied up
is tidied up in any case.
"""
