"""Where a submission's files come from."""
