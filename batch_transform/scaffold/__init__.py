"""What `init` and `new` write: a project from a template, and a first job file."""
