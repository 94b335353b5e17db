"""One client for HTTP: who asks, the wire, limits, and what went wrong in our own words.

Belongs here: one answer to one request. Doesn't: which pages a list has (pull).
"""
