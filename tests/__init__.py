"""Tests, and what they share: worlds, servers, warehouses, the oracle."""
