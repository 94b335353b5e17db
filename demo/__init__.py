"""Simulated source systems: a seeded world and the four HTTP systems that show it.

Belongs here: what a Centre without its own systems at hand needs to try the product, and what tests
measure against. Doesn't: any code of the product; the world knows the truth by itself.
"""
