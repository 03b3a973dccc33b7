#!/usr/bin/python3
"""Draw the clock offsets of all rounds of a session of time synchronisation.

FILE is the res-cid<CID>.txt of --tsync-debug: a line "series offset timestamp"
for each round that gave a result. The picture is the line of offsets.
"""
import tsync_table


def main():
    args = tsync_table.make_parser(__doc__.splitlines()[0], "res-cid<CID>.txt").parse_args()
    rows = tsync_table.read_rows(args.file)
    series = [row[0] for row in rows]
    offsets = [row[1] for row in rows]
    low, high = min(offsets), max(offsets)
    pyplot = tsync_table.load_pyplot(args.output)

    print(f"min {low} max {high} difference {high - low}")
    # a single point makes no line
    pyplot.plot(series, offsets, marker="o" if len(rows) == 1 else None)
    if len(rows) > 1:
        pyplot.autoscale(enable=True, axis="x", tight=True)
        if low != high:
            pyplot.autoscale(enable=True, axis="y", tight=True)
    pyplot.gca().xaxis.get_major_locator().set_params(integer=True)
    pyplot.title(f"\N{GREEK SMALL LETTER DELTA}={high - low} ns")
    pyplot.xlabel("round")
    pyplot.ylabel("host clock - guest clock (clock units, mostly ns)")
    tsync_table.finish(pyplot, args.output)


if __name__ == "__main__":
    tsync_table.run(main)
