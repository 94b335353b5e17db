"""The landing: pages as they came, batches whole or not there at all.

Belongs here: the files below landing/. Doesn't: fetching them (pull) or reading their records (warehouse/load).
"""
