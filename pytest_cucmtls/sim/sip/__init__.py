"""SIP on a simulated node: listeners, connections, transactions, dialogs, registrations and pings."""
