"""AI use cases a company can act on, every statement resting on a quote from its own documents."""
