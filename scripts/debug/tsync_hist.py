#!/usr/bin/python3
"""Draw the clock offsets of the probes of one round of time synchronisation.

FILE is a s-cid<CID>_<n>.txt of --tsync-debug: a line "midpoint clienttime
offset" for each probe, at last the result as "offset timestamp 0". The
picture is the histogram of clienttime - midpoint, with a red line at the result.
"""
import math

import tsync_table

BINS = 500


def read_round(path):
    """Return the offsets of the probes and the chosen one, in clock units."""
    rows = tsync_table.read_rows(path)
    chosen, _, zero = rows.pop()
    if zero != 0:
        raise tsync_table.TableError(f"{path}: the last line is no result, the file is incomplete")
    if not rows:
        raise tsync_table.TableError(f"{path}: no probes")
    return [client - midpoint for midpoint, client, _ in rows], chosen


def central_range(values, percent):
    """Return the lowest and highest of the central `percent` of the values."""
    values = sorted(values)
    cut = min(int(len(values) * (100 - percent) / 200), (len(values) - 1) // 2)
    return values[cut], values[-1 - cut]


def integer_edges(low, high):
    """Return the edges of at most BINS bins from `low` to `high`, all integers."""
    if low == high:
        return [low, low + 1]
    return sorted({low + (high - low) * i // BINS for i in range(BINS + 1)})


def deviation(values):
    """Return the standard deviation of integers, whose squares may not fit a float."""
    count = len(values)
    return math.isqrt((count * sum(v * v for v in values) - sum(values) ** 2) // count ** 2)


def main():
    parser = tsync_table.make_parser(__doc__.splitlines()[0], "s-cid<CID>_<n>.txt")
    parser.add_argument("-z", "--zoom", metavar="PERCENT", type=float, default=100,
                        help="bins for this part of the probes only, leaving out the outermost")
    args = parser.parse_args()
    if not 0 < args.zoom <= 100:
        parser.error("--zoom takes more than 0 and at most 100 percent")
    offsets, chosen = read_round(args.file)
    low, high = central_range(offsets, args.zoom)
    pyplot = tsync_table.load_pyplot(args.output)

    pyplot.hist(offsets, bins=integer_edges(low, high), histtype="step")
    pyplot.axvline(chosen, color="red", linewidth=1, label=f"chosen: {chosen}")
    pyplot.title(f"{len(offsets)} probes, \N{GREEK SMALL LETTER SIGMA}={deviation(offsets)}")
    # at the left: matplotlib writes what it takes off large numbers at the right
    pyplot.xlabel("host clock - guest clock (clock units, mostly ns)", loc="left")
    pyplot.ylabel("probes")
    pyplot.legend()
    tsync_table.finish(pyplot, args.output)


if __name__ == "__main__":
    tsync_table.run(main)
