"""The CDK app: `cdk deploy` uses prod, `cdk deploy -c environment=dev` uses dev (environments.yaml)."""

import aws_cdk as cdk

from stacks.example import add_stacks

app = cdk.App()
add_stacks(app)
app.synth()
