"""Ways to place the test call."""
