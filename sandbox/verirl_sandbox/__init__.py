"""Runs untrusted code. Knows nothing of verirl."""
