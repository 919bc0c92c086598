"""The ten tickets that are most like one, found among many: once for each of some tickets, open ones of any age."""

import argparse
import time

import psutil
from sqlalchemy import select, text, true

from bench import world
from bench.databases import KINDS, fresh
from models import Stage, Ticket, session
from models.base import is_sqlite
from models.similarity import most_alike, sketch_of

ASKED = 100


def processor() -> float:
    """Seconds of the processor that this process took, and the one of the database that works for it."""
    if is_sqlite():
        return time.process_time()
    server = psutil.Process(session.scalar(text("SELECT pg_backend_pid()"))).cpu_times()
    return time.process_time() + server.user + server.system


def main():
    parser = argparse.ArgumentParser(prog="bench/similarity", description=__doc__)
    parser.add_argument("tickets", type=int, nargs="?", default=100_000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    asked = parser.parse_args()
    for kind in asked.kind or KINDS:
        with fresh(kind, "similarity"):
            world.fill(asked.tickets)
            unfolded = select(Stage.id).where(~Stage.folded)
            some = session.scalars(select(Ticket).where(Ticket.stage_id.in_(unfolded)).order_by(Ticket.id)).all()
            some = some[:: max(1, len(some) // ASKED)][:ASKED]
            sketches = [sketch_of(ticket) for ticket in some]
            times, answers, before = [], 0, processor()
            for sketch in sketches:
                started = time.perf_counter()
                found = most_alike(sketch, true(), least=0)
                times.append(time.perf_counter() - started)
                answers += len(found)
            each = (processor() - before) / len(times)
            times.sort()
            assert answers, "nothing was like anything: there is nothing to measure"
            print(
                f"{kind}: the ten most alike of {asked.tickets:,} tickets in {1000 * times[len(times) // 2]:.1f} ms, "
                f"19 times of 20 in {1000 * times[len(times) * 19 // 20]:.1f} ms, at worst {1000 * times[-1]:.1f} ms; "
                f"{1000 * each:.1f} ms of the processor; {answers / len(times):.1f} answers each",
                flush=True,
            )


if __name__ == "__main__":
    main()
