#!/usr/bin/env python3
"""Peers of a proxy and of record --proxy, good and hostile.

    proxy-peer.py guest PORT NAME [ARG...]  a guest that asks the agent at PORT for ARGs, as NAME says;
                                            prints what came of it, and how long that took
    proxy-peer.py capture PORT FILE         a good guest that keeps the two parts of the host's file, FILE.1, FILE.2
    proxy-peer.py host PORT NAME FILE       a proxy for one session, with these parts, hostile as NAME says
    proxy-peer.py guests, hosts             the names
"""
import select
import socket
import struct
import sys
import time

from wire import message, receive, send_stream

HERE = '127.0.0.1'
CLOSE, SEND_DATA, FIN_DATA, NOT_SUPP, TRACE_REQ, TRACE_RESP, CLOSE_RESP = 0, 3, 4, 5, 6, 7, 8
TRACE_PROXY, CONT = 10, 11
OWN_ID = 0x5150
HOST_ID = 0x1122334455667788
FL_PROXY = 0x20000
FL_FIFOS = 1


def stream(s):
    """What comes up to FIN_DATA."""
    data = b''
    while True:
        cmd, _, var = receive(s)
        if cmd == FIN_DATA:
            return data
        if cmd != SEND_DATA:
            raise ValueError('command %d in a stream' % cmd)
        data += var


# --- a guest

def request(args, cmd=TRACE_PROXY, cpus=1, trace_id=OWN_ID, fixed=24, protos=b'', flags=0):
    text = b''.join(a.encode() + b'\0' for a in args)
    var = struct.pack('>III', 0, 4 + len(text), len(args)) + text if args else b''
    if protos:
        var += struct.pack('>II', 1, len(protos) + 1) + protos + b'\0'
    whole = struct.pack('>IIQII', flags, 0, trace_id, cpus, 0)
    return message(cmd, whole[:fixed], var)


class Guest:
    def __init__(self, port, args, **how):
        self.s = socket.create_connection((HERE, port))
        self.s.settimeout(60)
        self.s.sendall(request(args, **how))

    def begin(self):
        """Up to where the host traces."""
        cmd, fixed, var = receive(self.s)
        if cmd != TRACE_RESP:
            raise ValueError('command %d instead of a response' % cmd)
        self.flags, self.cpus = struct.unpack_from('>II', fixed)
        self.part1 = stream(self.s)
        ports = [int(p) for p in var.split(b'\0')[:-1]]
        self.data = [socket.create_connection((HERE, p)) for p in ports]

    def close(self):
        self.s.sendall(message(CLOSE))

    def end(self):
        self.part2 = stream(self.s)
        self.s.sendall(message(CONT))
        self.late = stream(self.s)
        return receive(self.s)[0] == CLOSE_RESP


def whole(g):
    g.begin()
    g.close()
    return 'ends well' if g.end() else 'no CLOSE_RESP'


def as_host(g):
    """A TRACE_REQ gets what any agent does: all metadata at once, no CONT."""
    g.begin()
    g.close()
    return 'is served' if receive(g.s)[0] == CLOSE_RESP else 'gets something else'


def fifos(g):
    cmd, fixed, _ = receive(g.s)
    if cmd != TRACE_RESP:
        raise ValueError('command %d instead of a response' % cmd)
    return 'gets %s' % ('FIFOs' if struct.unpack_from('>I', fixed)[0] & FL_FIFOS else 'connections')


def silent_sync(g):
    """Says nothing about clocks, takes nothing of what is sent, and stays until it is hung up on."""
    _, fixed, _ = receive(g.s)
    sync = socket.create_connection((HERE, struct.unpack_from('>I', fixed, len(fixed) - 4)[0]))
    print('silent-sync: is waited for', flush=True)
    while sync.recv(4096):
        pass
    return 'is hung up on'


def odd_before_cont(g):
    """A few messages that mean nothing there are answered; then the session goes on."""
    g.begin()
    g.close()
    g.part2 = stream(g.s)
    for _ in range(3):
        g.s.sendall(message(CLOSE))
        if receive(g.s)[0] != NOT_SUPP:
            return 'no NOT_SUPP'
    g.s.sendall(message(CONT))
    stream(g.s)
    return 'ends well' if receive(g.s)[0] == CLOSE_RESP else 'no CLOSE_RESP'


def chatter_before_cont(g):
    g.begin()
    g.close()
    stream(g.s)
    for n in range(100):
        g.s.sendall(message(CLOSE))
        if receive(g.s)[0] != NOT_SUPP:
            break
    return 'is answered %d times' % n


def gone_before_cont(g):
    g.begin()
    g.close()
    stream(g.s)
    g.s.close()
    return 'is gone'


def gone_while_tracing(g):
    g.begin()
    g.s.close()
    return 'is gone'


def cont_while_tracing(g):
    g.begin()
    g.s.sendall(message(CONT))
    if receive(g.s)[0] != NOT_SUPP:
        return 'no NOT_SUPP'
    g.close()
    return 'ends well' if g.end() else 'no CLOSE_RESP'


def no_data_taken(g):
    """Nobody reads the data; the host must get rid of it, or of the guest."""
    g.begin()
    time.sleep(1)
    g.s.close()
    return 'is gone'


def has_ended(s):
    """Has the other side hung up, whatever it said before?"""
    s.setblocking(False)
    try:
        while s.recv(4096):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def never_synced(g):
    """Other programs wait 5 s for the first part, however long the clocks take."""
    cmd, fixed, var = receive(g.s)
    began = time.monotonic()
    if cmd != TRACE_RESP or fixed[20:24] != b'ptp\0':
        return 'gets no ptp'
    sync = socket.create_connection((HERE, struct.unpack_from('>I', fixed, 36)[0]))
    select.select([g.s], [], [], 60)
    # on a machine that is slow it counts that the comparison is still waited for
    soon = time.monotonic() - began < 5 or not has_ended(sync)
    stream(g.s)
    data = [socket.create_connection((HERE, int(p))) for p in var.split(b'\0')[:-1]]
    g.close()
    well = g.end()
    for s in [sync] + data:
        s.close()
    return '%s, is traced %s' % ('ends well' if well else 'no CLOSE_RESP', 'in time' if soon else 'too late')


GUESTS = {
    'whole': (whole, {}),
    'stock': (whole, {'protos': b'nothing-known\0'}),
    'as-host': (as_host, {'cmd': TRACE_REQ, 'fixed': 16}),
    'fifos': (fifos, {'cmd': TRACE_REQ, 'fixed': 16, 'flags': FL_FIFOS}),
    'silent-sync': (silent_sync, {'protos': b'ptp\0'}),
    'ordinary': (as_host, {}),
    'cpus-0': (whole, {'cpus': 0}),
    'cpus-5000': (whole, {'cpus': 5000}),
    'cpus-4294967295': (whole, {'cpus': 0xffffffff}),
    'cpus-missing': (whole, {'fixed': 16}),
    'id-0': (whole, {'trace_id': 0}),
    'odd-before-cont': (odd_before_cont, {}),
    'chatter-before-cont': (chatter_before_cont, {}),
    'gone-before-cont': (gone_before_cont, {}),
    'gone-while-tracing': (gone_while_tracing, {}),
    'cont-while-tracing': (cont_while_tracing, {}),
    'no-data-taken': (no_data_taken, {}),
    'never-synced': (never_synced, {'protos': b'ptp\0'}),
}


def guest(port, name, args):
    play, how = GUESTS[name]
    began = time.monotonic()
    try:
        verdict = play(Guest(port, args, **how))
    except socket.timeout:
        verdict = 'is kept waiting'
    except (OSError, EOFError):
        verdict = 'is hung up on'
    print('%s: %s after %.0f s' % (name, verdict, time.monotonic() - began))


def capture(port, path):
    g = Guest(port, ['-e', 'irq'], protos=b'')
    g.begin()
    g.close()
    g.end()
    for i, part in enumerate((g.part1, g.part2)):
        with open('%s.%d' % (path, i + 1), 'wb') as f:
            f.write(part)


# --- a proxy

def option(number, data):
    return struct.pack('<HI', number, len(data)) + data


def shift(peer=HOST_ID, count=1, fractions=True):
    data = struct.pack('<QII', peer, 1, 1) + struct.pack('<I', count)
    data += struct.pack('<qqq', 1000, 12345, 1)
    return option(12, data + (struct.pack('<q', 0) if fractions else b''))


class Host:
    def __init__(self, port, path):
        self.part1, self.part2 = (open('%s.%d' % (path, i), 'rb').read() for i in (1, 2))
        server = socket.create_server((HERE, port))
        self.s, _ = server.accept()
        self.cmd, self.fixed, self.var = receive(self.s)
        server.close()

    def begin(self, part1=None):
        listener = socket.create_server((HERE, 0))
        ports = b'%d\0' % listener.getsockname()[1]
        fixed = struct.pack('>IIIQ16sI', FL_PROXY, 1, 4096, HOST_ID, b'', 0)
        self.s.sendall(message(TRACE_RESP, fixed, ports))
        send_stream(self.s, self.part1 if part1 is None else part1)
        self.data = listener.accept()[0]

    def rest(self):
        while receive(self.s)[0] != CLOSE:
            pass
        self.data.close()

    def end(self, late):
        send_stream(self.s, self.part2)
        if receive(self.s)[0] != CONT:
            raise ValueError('no CONT')
        send_stream(self.s, late)
        self.s.sendall(message(CLOSE_RESP))

    def linger(self):
        self.s.settimeout(90)
        try:
            while self.s.recv(65536):
                pass
        except OSError:
            pass


def late(data):
    def play(h):
        h.begin()
        h.rest()
        h.end(data)
    return play


def after_close(data):
    """Instead of the rest of the file."""
    def play(h):
        h.begin()
        h.rest()
        h.s.sendall(data)
        h.linger()
    return play


def first_part(part):
    def play(h):
        h.begin(part)
        h.linger()
    return play


def second_part(part):
    def play(h):
        h.part2 = part
        h.begin()
        h.rest()
        h.end(shift())
    return play


def gone(h):
    h.begin()
    h.rest()
    h.s.close()


def gone_after_rest(h):
    h.begin()
    h.rest()
    send_stream(h.s, h.part2)
    h.s.close()


def endless_rest(h):
    h.begin()
    h.rest()
    try:
        while True:
            h.s.sendall(message(SEND_DATA, var=bytes(8180)) * 16)
    except OSError:
        pass


HOSTS = {
    'good': late(shift()),
    'good-scaled': late(option(14, struct.pack('<IIQ', 3, 1, 0)) + shift()),
    'late-nothing': late(b''),
    'late-garbage': late(b'\xff' * 100),
    'late-cut': late(shift()[:-3]),
    'late-other-trace': late(shift(peer=HOST_ID + 1)),
    'late-twice': late(shift() + shift()),
    'late-bomb': late(shift(count=0x7fffffff)),
    'late-other-options': late(option(3, b'x' * 40) + option(11, b'12345678') + shift()),
    'rest-is-response': after_close(message(CLOSE_RESP)),
    'rest-half': after_close(struct.pack('>III', 1000, SEND_DATA, 0) + b'abc'),
    'rest-endless': endless_rest,
    'rest-garbage': second_part(b'\xff' * 100),
    'rest-nothing': second_part(b''),
    'gone': gone,
    'gone-after-rest': gone_after_rest,
    'first-garbage': first_part(b'\xff' * 1000),
    'first-nothing': first_part(b''),
}


def host(port, name, path):
    h = Host(port, path)
    trace_id, cpus, siblings = struct.unpack('>8xQII', h.fixed)
    print('command %d, %d bytes, cpus %d, siblings %d, id %s' %
          (h.cmd, len(h.fixed), cpus, siblings, '0' if not trace_id else 'given'), flush=True)
    try:
        HOSTS[name](h)
    except (OSError, EOFError) as e:
        print('the other side ended: %r' % e, flush=True)


def main():
    what = sys.argv[1]
    if what == 'guest':
        guest(int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    elif what == 'capture':
        capture(int(sys.argv[2]), sys.argv[3])
    elif what == 'host':
        host(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    else:
        print('\n'.join(GUESTS if what == 'guests' else HOSTS))


main()
