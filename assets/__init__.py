"""What is produced, as Dagster assets: pulls, models, checks, publication.

Belongs here: factories that turn sources.yml, sql/ and suites into assets, and the night they share.
Doesn't: schedules and settings (orchestration), or how any of the work is done (the four packages below).
"""
