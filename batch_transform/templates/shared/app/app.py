import aws_cdk as cdk
from batch_transform_cdk import add_job_stacks, add_security_checks

app = cdk.App()
add_job_stacks(app)  # the jobs in jobs/, in the environment given by `-c environment=NAME`
add_security_checks(app)  # cdk-nag and batch_transform_nag, on every synth
app.synth()
