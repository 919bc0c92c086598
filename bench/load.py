"""Fill the databases of the measurements; what is there already is kept."""

import argparse

from bench.databases import KINDS, filled


def main():
    parser = argparse.ArgumentParser(prog="bench/load", description=__doc__)
    parser.add_argument("tickets", type=int, nargs="?", default=100_000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    for kind in asked.kind or KINDS:
        with filled(kind, asked.tickets):
            print(f"{kind}: {asked.tickets:,} tickets are there")


if __name__ == "__main__":
    main()
