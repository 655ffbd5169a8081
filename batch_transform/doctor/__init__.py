"""What would stop the first deployment or run in an account, found out beforehand without changing anything.

`account` reads AWS; the checks are pure functions of what it read; `checkup` puts them in order.
"""
