"""What somebody would use instead, on the same pages: scripts that import nothing of the product.

Belongs here: the peers that a measurement is compared with. Doesn't: measuring them (benchmarks.measure).
"""
