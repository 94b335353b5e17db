"""What concerns persons in the restricted store: the key of their hashes, and erasure.

Belongs here: what must hold of a person in every table. Doesn't: which column may point to a person (models/labels.py).
"""
