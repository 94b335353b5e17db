"""Pages in a real browser, and the proxy before them."""
