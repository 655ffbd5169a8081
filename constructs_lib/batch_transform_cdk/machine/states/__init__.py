"""The states of a job's state machine, one module for each phase of a run.

Each function returns states by name, as Amazon States Language in JSONata;
`batch_transform_cdk.machine.definition` joins them and declares the variables that they share.
"""
