"""The stages of a night, each measured alone: one module a stage with run(bench), found by its name.

Belongs here: the work of one stage on a home that earlier stages have prepared. Doesn't: timing
(benchmarks.stage) or starting processes (benchmarks.measure).
"""
