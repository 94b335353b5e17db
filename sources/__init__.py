"""How the outside is read: one HTTP client, its auth and paging, file drops, and the landing.

Nothing here knows of the warehouse, of Dagster or of the environment: addresses, secrets and limits
are passed in, landed batches go out. `sources.yml` says which systems there are.
"""
