"""A whole model: its layers as a picture and a table, and how gradients flow through them."""
