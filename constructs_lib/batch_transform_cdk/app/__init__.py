"""An app of job files: their stacks, and the security checks of each synth."""
