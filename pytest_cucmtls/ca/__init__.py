"""Certificate authorities that can sign the clusters' requests."""
