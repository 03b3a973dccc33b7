#!/usr/bin/env python3
"""A stand-in for a guest's virtio port and QEMU's chardev "pipe" behind it: bytes are queued in order, go on when there
is room, never end, and outlive sessions.

    virtio.py PORT FIFO STALE     from the FIFO PORT, which the guest's agent writes to, into the host's FIFO.out;
                                  begins with STALE bytes that an earlier session has left
"""
import os
import select
import sys
import time

port, fifo, stale = sys.argv[1], sys.argv[2], int(sys.argv[3])
# both ends, as QEMU: neither ever hangs up
source = os.open(port, os.O_RDWR | os.O_NONBLOCK)
sink = os.open(fifo + '.out', os.O_RDWR | os.O_NONBLOCK)
queue = bytearray(b'\xa5' * stale)
print('ready', flush=True)
while True:
    # a few descriptors of the queue, no more: the guest has to wait
    want = [source] if len(queue) < 8192 else []
    r, w, _ = select.select(want, [sink] if queue else [], [])
    if r:
        queue += os.read(source, 8192)
    if w:
        try:
            del queue[:os.write(sink, queue[:4096])]
        except BlockingIOError:
            pass
        if stale > 0:
            stale -= 4096
            # its main loop has other things to do, too
            time.sleep(0.002)
