"""How every example ends: the course note's figures beside its own."""

from itertools import zip_longest

WIDTH = 28


def beside(*rows):
    """Print rows of (what, the note's figure, ours[, why they differ]); "same" means the same but for spaces."""
    print("\n" + "----".ljust(WIDTH) + "the note".ljust(WIDTH) + "here")
    for what, note, ours, *why in rows:
        note, ours = str(note), str(ours)
        verdict = "same" if "".join(note.split()) == "".join(ours.split()) else (*why, "DIFFERENT")[0]
        if all(len(line) < WIDTH for line in (note + "\n" + ours).splitlines()):
            columns = [what], note.splitlines(), ours.splitlines(), [verdict]
            for cells in zip_longest(*columns, fillvalue=""):
                print("".join(cell.ljust(WIDTH) for cell in cells).rstrip())
        else:  # too wide for columns: one below the other
            print(f"{what}: {verdict}")
            print(" note  " + note.replace("\n", "\n       "))
            print(" here  " + ours.replace("\n", "\n       "))
