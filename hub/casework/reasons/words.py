"""The shape of a closed list."""

from collections.abc import Mapping

Words = Mapping[str, str]
"""Code by code, what people read."""
