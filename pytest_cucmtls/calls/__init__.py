"""Ways to place the test call, a SIP phone of our own among them."""
