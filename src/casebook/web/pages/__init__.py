"""What people look at: the form, the run, the report with its sources, the list of runs."""
