"""A simulated cluster, the other side of the wire. Never imports clients."""
