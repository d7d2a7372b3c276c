"""How every example ends: the course note's figures beside its own."""

from itertools import zip_longest


def beside(*rows):
    """Print rows of (what, the note's figure, ours[, why they differ]); "same" means the same but for spaces."""
    print("\n---- the note's figures beside these")
    for what, note, ours, *why in rows:
        note, ours = str(note), str(ours)
        verdict = "same" if "".join(note.split()) == "".join(ours.split()) else (*why, "DIFFERENT")[0]
        columns = [what], [*note.splitlines()], [*ours.splitlines()], [verdict]
        widths = 30, max(22, *map(len, columns[1])), max(22, *map(len, columns[2])), 0
        for cells in zip_longest(*columns, fillvalue=""):
            print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
