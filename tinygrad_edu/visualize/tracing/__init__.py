"""From what was recorded, or from a graph that nobody recorded, to a trace: names, words, local factors."""
