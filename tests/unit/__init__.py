"""Parts by themselves: catalogue, suites, publication, Dagster's definitions and storage."""
