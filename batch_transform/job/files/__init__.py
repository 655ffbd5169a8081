"""Files that people write: job files, environments, stand-ins; with the line and column of each problem."""
