"""The states of a job's state machine, one room for each thing that may happen to a run.

Each function returns states by name, as Amazon States Language in JSONata;
`batch_transform_cdk.machine.definition` joins them. What they share are the variables that `request` declares.
"""
