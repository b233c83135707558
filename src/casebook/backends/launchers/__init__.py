"""Where runs are worked on, when not by the worker itself."""
