"""See a pass: its graph, its numbers, upstream × local = downstream at every node."""
