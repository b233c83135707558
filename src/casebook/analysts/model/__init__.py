"""The analyst that thinks with a language model, and checks by code what it writes."""
