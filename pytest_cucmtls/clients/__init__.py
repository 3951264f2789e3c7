"""Our side of the wire: one file per Unified CM interface, and the verified connections below them."""
