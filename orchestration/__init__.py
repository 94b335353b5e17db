"""When, and with what: settings, definitions, jobs, schedule, command line.

Belongs here: wiring. Doesn't: work (assets, sources, warehouse, expectations, reports) or KPI rules.
"""
