"""The ways to think about a company's documents."""
