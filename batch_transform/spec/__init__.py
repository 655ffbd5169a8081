"""What a transform job is: its values, its rules, its filter language and its request.

Standard library only, apart from `job_file`, which reads YAML: the same modules run
inside the Lambda functions of the workflow.
"""
