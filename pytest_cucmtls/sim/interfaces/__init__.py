"""The HTTPS interfaces of a simulated node: one module each, with ``routes(node)``; adding one is adding a file."""
