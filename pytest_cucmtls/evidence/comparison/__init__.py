"""Two runs beside each other: what differs, and whether anyone can say why."""
