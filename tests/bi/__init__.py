"""Checks with other people's programs, each in its own environment: `make compat`, `make bi`."""
