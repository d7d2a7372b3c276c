"""While the program runs: what is kept of its operations and backward passes."""
