"""The command line: `main`, one module for each command, and their output (`*_view`)."""
