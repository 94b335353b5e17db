"""Core and marts on Apache Spark, equal to DuckDB."""
