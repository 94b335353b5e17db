"""The published file: made whole, verified, switched to; its versions and the order of its rows.

Belongs here: what readers see. Doesn't: the gate before it (assets/gate.py) or reports.
"""
