"""A trace in other formats: by the suffix of a file, for networkx, TikZ, slides."""
