#!/usr/bin/python3
"""Draw how well the clocks of guests are known.

Reads the JSON of "trace-cmd tsync --json" from standard input or FILE and draws, for each guest, the
offset of its clock and the bounds of it over time, and the bounds that were measured, as far as
the file has them. All relative to the straight line through the first and last offset, which
is hundreds of years of a microsecond thick otherwise.
"""
import argparse
import json
import sys

import tsync_table

COLOURS = {"ptp": "tab:blue", "burst": "tab:green", "vmexit": "tab:red", "kvm": "tab:purple",
           "window": "tab:orange", "vsock": "tab:brown"}


def read(path):
    """Return the object of the file at `path`, None: of standard input."""
    try:
        if path:
            with open(path, encoding="utf-8") as source:
                return json.load(source)
        return json.load(sys.stdin)
    except ValueError as error:
        raise tsync_table.TableError(f"{path or 'standard input'}: no JSON: {error}") from None


def line_through(curve):
    """The line through the ends of `curve`, a list of [time, offset, ...]: a function of time."""
    first, last = curve[0], curve[-1]
    span = last[0] - first[0]

    def line(time):
        # integers of more than 53 bits: no floating point before the difference is taken
        return first[1] + ((last[1] - first[1]) * (time - first[0]) // span if span else 0)
    return line


def draw_guest(axes, guest, unit):
    """Draw `guest` into `axes`; times and offsets are multiplied by `unit`, ns of a count."""
    axes.set_title(f"{guest['name'] or guest['file']}: {guest['grade']}"
                   + (f", {guest['method']}" if "method" in guest else ""))
    curve = guest["curve"]
    if not curve:
        axes.text(0.5, 0.5, "its clock was not compared", ha="center", transform=axes.transAxes)
        return
    line, start = line_through(curve), curve[0][0]

    def at(time):
        return (time - start) * unit / 1e9

    def off(point):
        return [(value - line(point[0])) * unit / 1000 for value in point[1:]]
    axes.plot([at(p[0]) for p in curve], [off(p)[0] for p in curve], color="black", label="offset")
    bounded = [p for p in curve if len(p) == 4]
    if bounded:
        axes.fill_between([at(p[0]) for p in bounded], [off(p)[1] for p in bounded],
                          [off(p)[2] for p in bounded], color="0.85", label="surely in here")
        low, high = min(off(p)[1] for p in bounded), max(off(p)[2] for p in bounded)
        margin = (high - low) or 1
        axes.set_ylim(low - margin, high + margin)
    for upper, marker in ((1, "v"), (0, "^")):
        for source in sorted({b[3] for b in guest.get("raw", []) if b[2] == upper}):
            points = [b for b in guest["raw"] if b[2] == upper and b[3] == source]
            axes.scatter([at(b[0]) for b in points],
                         [(b[1] - line(b[0])) * unit / 1000 for b in points], s=9, marker=marker,
                         color=COLOURS.get(source, "tab:gray"),
                         label=f"{source}: at {'most' if upper else 'least'}")
    axes.set_ylabel("offset, us" if unit != 0 else "offset")
    axes.legend(fontsize="small")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", metavar="FILE", nargs="?", help="JSON (standard input)")
    parser.add_argument("-o", "--output", metavar="PICTURE",
                        help="write it to this .png or .svg file instead of showing it")
    args = parser.parse_args()
    data = read(args.file)
    guests = data["guests"]
    unit = data["host"]["ns_per_count"] or 1
    pyplot = tsync_table.load_pyplot(args.output)
    figure, rows = pyplot.subplots(max(len(guests), 1), squeeze=False,
                                   figsize=(9, 4 * max(len(guests), 1)))
    for guest, row in zip(guests, rows):
        draw_guest(row[0], guest, unit)
    rows[-1][0].set_xlabel("guest's clock, s")
    figure.tight_layout()
    if args.output:
        figure.savefig(args.output, dpi=120)
    else:
        pyplot.show()


if __name__ == "__main__":
    tsync_table.run(main)
