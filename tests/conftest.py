"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("casebook", deadline=None)  # shared machines are slow now and then
settings.load_profile("casebook")
