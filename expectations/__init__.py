"""What must hold of the data, and the machine that checks it inside the database.

Belongs here: suites/<schema>.<table>.yml, their strict reading, row rules as SQL predicates, the DuckDB
datasource for Great Expectations and the runner. Doesn't: any rule about how data is read or built,
opening the warehouse (a connection is passed in), Dagster, and stored results (the caller keeps them).
"""
