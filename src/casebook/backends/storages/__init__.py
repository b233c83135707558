"""Where outputs are kept."""
