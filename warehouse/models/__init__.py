"""The tables of sql/: catalogue, what each rests on, building, quarantine, labels and lineage.

Belongs here: from a file under sql/ to a table that keeps its promise. Doesn't: when it is built (assets), what it must
hold (expectations).
"""
