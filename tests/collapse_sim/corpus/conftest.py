"""Runs of these tests outlive no machine."""

import os

import pytest


@pytest.fixture(autouse=True, scope="package")
def without_waiting_for_the_disk():
    """What a process wrote survives its own death without fsync, and hundreds of chunks wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield
