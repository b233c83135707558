"""Where submissions are kept for good."""
