"""Where the data lives: connection and lock, catalogue of sql/, build and swap, load, quarantine, publication.

Belongs here: everything that touches DuckDB or reads SQL text. Doesn't: HTTP, Great Expectations,
Dagster, the environment, and any KPI rule (those are in sql/).
"""
