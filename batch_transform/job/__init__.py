"""A job: its values, its rules, its filters and its CreateTransformJob request.

Every room but `files` needs only the standard library and ships with the workflow's Lambda functions. A room imports
only those above it: errors, aws, values, model, filters, schedule, rules, request, problems, files.
"""
