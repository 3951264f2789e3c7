"""What can be known before a run touches anything: machine, nodes, accounts, services; and whom the nodes say they are."""
