"""The command line: `main` with its commands, one module each, and what they show (`*_view`)."""
