"""Core and marts on Apache Spark, for provinces together: the same SQL, rendered and compared with DuckDB's tables.

Belongs here: the second engine. Doesn't: staging, checks and publication, which the night's DuckDB does.
"""
