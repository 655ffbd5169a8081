"""Runs executions of state machines: an interpreter of the Amazon States Language, instead of the emulator's.

The emulator still stores executions, serves their API, evaluates JSONata and intrinsic functions, and calls other
services. A rule that is neither in the specification (states-language.net) nor in the Developer Guide comes from a run
on AWS: from the execution histories that LocalStack records for its tests (`.snapshot.json` files in
`tests/aws/services/stepfunctions/v2`). The docstrings name the test.
"""
