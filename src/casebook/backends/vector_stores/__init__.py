"""Where passages are searched."""
