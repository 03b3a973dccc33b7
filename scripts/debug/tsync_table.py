"""What the pictures of time synchronisation share: tables of integers in, a picture out.

The tables are what --tsync-debug leaves: lines of three integers, single
spaces, no header.
"""
import argparse
import sys

COLUMNS = 3


class TableError(Exception):
    """A file that is not such a table; the message says where and why."""


def read_rows(path):
    """Return the rows of the file at `path`, a non-empty list of 3-tuples of int.

    Raises TableError, or OSError if the file cannot be read.
    """
    rows = []
    with open(path, encoding="ascii", errors="replace") as table:
        for number, line in enumerate(table, 1):
            try:
                row = tuple(int(word) for word in line.split())
            except ValueError:
                raise TableError(f"{path}:{number}: not a line of integers") from None
            if len(row) != COLUMNS:
                raise TableError(f"{path}:{number}: {len(row)} columns where {COLUMNS} are due")
            rows.append(row)
    if not rows:
        raise TableError(f"{path}: empty")
    return rows


def make_parser(description, file_help):
    """Return a parser of command lines: .file, and .output or None."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("file", metavar="FILE", help=file_help)
    parser.add_argument("-o", "--output", metavar="PNG",
                        help="write the picture to this file instead of showing it")
    return parser


def load_pyplot(output):
    """Return matplotlib.pyplot, ready to draw into the file `output` or (None) on the screen."""
    try:
        import matplotlib
    except ImportError:
        raise TableError("matplotlib is missing (Debian: apt-get install python3-matplotlib)") \
            from None
    if output:
        matplotlib.use("Agg")
    from matplotlib import pyplot
    if not output and matplotlib.get_backend().lower() == "agg":
        raise TableError("no display to show the picture on: use -o PNG")
    return pyplot


def finish(pyplot, output):
    """Write the picture to `output`, or show it."""
    pyplot.tight_layout()
    if output:
        pyplot.savefig(output, format="png", dpi=120)
    else:
        pyplot.show()


def run(main):
    """Call `main`; trouble with files becomes one line on stderr and exit code 1."""
    try:
        main()
    except TableError as error:
        sys.exit(f"{sys.argv[0].rsplit('/', 1)[-1]}: {error}")
    except OSError as error:
        sys.exit(f"{sys.argv[0].rsplit('/', 1)[-1]}: {error.filename}: {error.strerror}")
