"""The pictures of the README and of docs/, made from the code: `make pictures` writes them, tests find stale ones."""
