"""What the emulator's interpreter of the Amazon States Language does otherwise than AWS, made right.

Each module replaces one part of the interpreter, so that each can go when a release of the emulator has it. Where
a rule is not in the specification (states-language.net) or the Developer Guide, its source is a run on AWS: the
execution histories that LocalStack records there for its tests (`tests/aws/services/stepfunctions/v2`, the
`.snapshot.json` files), named here by their test.
"""
