"""The report: assembled, checked, laid out, written in each format."""
