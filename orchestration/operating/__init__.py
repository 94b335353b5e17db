"""Keeping the service well: the watch and its alerts, the examination, retention, clocks that were wrong.

Belongs here: what looks after nights. Doesn't: running one.
"""
