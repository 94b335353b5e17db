"""An oracle in plain Python: every KPI from the sources' truth, sharing no code or SQL with the product.

Belongs here: the contract's rules written a second time, case by case, with nothing but the standard
library. Doesn't: speed, storage, or anything imported from the product.
"""
