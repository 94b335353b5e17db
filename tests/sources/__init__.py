"""Reading the outside, over real HTTP and real files: lists, windows, faults of the wire, dropped files."""
