"""The one place that holds the version; nothing on a hot path imports it."""

__version__ = "0.1.0"
