"""The reading child: takes one mail after the other on standard input and answers on standard output.

It holds nothing and can do nothing else. Each mail may cost CPU_SECONDS and the whole process MEMORY_BYTES; who goes
over is ended by the kernel, and mail/reader.py starts another child (threat model, rule 43).
"""

import gc
import json
import os
import resource
import signal
import struct
import sys

from mail.reading import Unreadable, as_wire, read

CPU_SECONDS = 2
MEMORY_BYTES = 256 * 1024 * 1024
LENGTH = struct.Struct("!Q")


def main(**settings):
    limit_memory()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(LENGTH.size):
        size, extra = LENGTH.unpack(head)[0], LENGTH.unpack(source.read(LENGTH.size))[0]
        about = json.loads(source.read(extra))
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        answer, contents, broken = answered(source, size, {**settings, **about})
        signal.setitimer(signal.ITIMER_PROF, 0)
        target.write(LENGTH.pack(len(answer)) + answer)
        target.writelines(contents)
        target.flush()
        if broken:  # memory ran out once: nobody knows what is left of it
            return
        del answer, contents
        if size > 1_000_000:
            gc.collect()


def answered(source, size: int, settings: dict) -> tuple[bytes, list[bytes], bool]:
    try:
        raw = source.read(size)
        return *as_wire(read(raw, **settings)), False
    except MemoryError:
        return b'{"error": "It needs too much memory."}', [], True
    except RecursionError:
        return b'{"error": "It has too many parts."}', [], False
    except Unreadable as reason:
        return json.dumps({"error": str(reason)}).encode(), [], False
    except Exception as error:  # whatever a stranger's bytes make a library raise
        return json.dumps({"error": f"It cannot be read: {type(error).__name__}"}).encode(), [], False


def limit_memory():
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_CORE):
        size = MEMORY_BYTES if limit == resource.RLIMIT_AS else 0
        try:
            resource.setrlimit(limit, (size, size))
        except (ValueError, OSError):  # macOS knows no limit of memory
            continue


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which ends us by closing the pipe
    os.nice(1)
    main(**json.loads(sys.argv[1]))
