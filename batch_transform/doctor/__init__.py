"""Finds what would stop the first deployment or run in an account, without changing anything.

`account` reads from AWS, the checks are pure functions of what it reads, and `checkup` runs them in order.
"""
