"""Fixtures for every room. The cast is in tests/cast.py."""

from __future__ import annotations
