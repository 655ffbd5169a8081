"""The adapter: the only place that knows the emulator, ministack, and its private parts.

Each module plugs one thing in: the service, CloudFormation's model, Step Functions' integration, the
schedules, the Lambda workers. Everything that they touch is named in `hooks`, and is checked before
anything is served.
"""
