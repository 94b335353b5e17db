"""From landed bytes to rows of raw: pages, versions of records, deletions, and stamps that a wrong clock left.

Belongs here: what DuckDB reads from the landing. Doesn't: fetching (sources) or typing (staging in sql/).
"""
