"""Formulas: what an operation's declaration says, read, written out and set in LaTeX; and what people type, computed."""
