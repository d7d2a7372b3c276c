"""The page on which one walks through a pass."""
