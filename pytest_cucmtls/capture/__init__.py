"""Where packets come from, and the two readers of them."""
