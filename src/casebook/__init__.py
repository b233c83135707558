"""AI use cases a company can act on, every statement resting on a quote from its own documents."""

__version__ = "0.1.0"
