"""Where packets and traces come from, the two readers of packets, and what proves media."""
