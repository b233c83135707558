"""The workflow's steps, one file a step."""
