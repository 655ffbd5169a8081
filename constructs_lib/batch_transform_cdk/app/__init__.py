"""What `app.py` adds to a CDK app: the stacks of its job files, and the security checks of each synth."""
