"""The same work done otherwise: by a bare script, by dlt and dbt, naively. Never part of the product."""
