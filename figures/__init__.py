"""Questions about figures: which units stand behind one, what it was, why it differs, what other rules would make.

Belongs here: reading the restricted store, and rebuilding figures beside it. Doesn't: writing to it (warehouse), words
for people (orchestration/console), or a KPI's rule (sql/).
"""
