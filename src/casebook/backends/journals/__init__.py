"""Journals of what language models answered."""
