"""What can be seen of Casebook at work."""
