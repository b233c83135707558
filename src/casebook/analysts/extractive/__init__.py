"""Thinking without a model: patterns and evidence."""
