"""Drives: where companies share their files and where reports are delivered."""
