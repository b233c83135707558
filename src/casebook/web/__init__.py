"""The front door: HTTP in, durable submissions out."""
