"""The CDK app: `cdk deploy` takes prod, `cdk deploy -c environment=dev` takes dev (environments.yaml)."""

import aws_cdk as cdk

from stacks.example import add_stacks

app = cdk.App()
add_stacks(app)
app.synth()
