"""Pictures, from the inside out: boxes, cards, the graph of them, its layout, SVG and DOT."""
