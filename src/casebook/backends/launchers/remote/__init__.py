"""Machines that are asked over HTTP to work on a run: Kubernetes, Paperspace."""
