"""The restricted warehouse file: one writer, its memory of what was loaded and checked, migrations, recovery.

Belongs here: opening the file and what stands in `meta`. Doesn't: tables of sql/ (models) or rows of sources (load).
"""
