"""Pulling a list: windows, pages, what a page says of itself, and resuming where a reading broke off.

Belongs here: from a list's words to landed pages. Doesn't: the wire (http) or how pages lie on the disk (landing).
"""
