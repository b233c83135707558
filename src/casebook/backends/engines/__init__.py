"""What runs the steps."""
