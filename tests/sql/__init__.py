"""Rules of single models: given rows, hand-worked answers."""
