"""One file per Unified CM interface, our side of the wire."""
