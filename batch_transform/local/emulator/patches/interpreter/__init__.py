"""The interpreter of the Amazon States Language, in the place of the emulator's.

The emulator keeps executions and their API, evaluates JSONata and intrinsic functions, and calls other services. Where
a rule is not in the specification (states-language.net) or the Developer Guide, its source is a run on AWS: the
execution histories that LocalStack records there for its tests (`tests/aws/services/stepfunctions/v2`, the
`.snapshot.json` files), named here by their test.
"""
