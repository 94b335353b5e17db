"""What every room may use, because it concerns none of them: files written whole, rows as dicts, the time zone.

Belongs here: a few functions that import nothing of ours. Doesn't: anything that knows what a case, a table or a
source is.
"""
