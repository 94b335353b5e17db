"""The work that is measured. Run with `make bench`; results go to benchmarks/RESULTS.md.

Belongs here: whole nights as processes, their time and memory. Doesn't: tests; nothing here fails.
"""
