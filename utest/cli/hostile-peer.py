#!/usr/bin/env python3
"""Peers that record -A, or an agent, should survive: what each row of the threat view calls for.

    hostile-peer.py capture PORT META     a host that stores the metadata of the agent at PORT
    hostile-peer.py agent PORT NAME META  an agent for one session, hostile in the way NAME says
    hostile-peer.py host PORT             hosts of the agent at PORT, one after the other; prints for
                                          each what the agent did, and how long until it served again
    hostile-peer.py agents, hosts         the names; agents that are merely slow are not among them
"""
import os
import socket
import struct
import sys
import threading
import time

from wire import message, receive, send_stream

HERE = '127.0.0.1'
CLOSE, SEND_DATA, FIN_DATA, NOT_SUPP, TRACE_REQ, TRACE_RESP, CLOSE_RESP, TIME_SYNC = 0, 3, 4, 5, 6, 7, 8, 9
PAGE = 4096


def tsync(proto, number, data=b''):
    return message(TIME_SYNC, struct.pack('>16sI', proto, number), data)


def outcome(s, seconds=20):
    """What the peer does: it ends (also with a reset), or says nothing more."""
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
        return 'ends'
    except socket.timeout:
        return 'waits'
    except OSError:
        return 'ends'


# --- an agent

class Agent:
    """One session with record -A, up to where a scenario wants to be different."""

    def __init__(self, port, meta):
        self.meta = meta
        server = socket.create_server((HERE, port))
        print('ready', flush=True)
        self.s, _ = server.accept()
        server.close()
        receive(self.s)
        print('heard the request', flush=True)
        self.data = []

    def respond(self, cpus=1, page=PAGE, name=b'', port=0, ports=None, fixed=None, listeners=None):
        if ports is None:
            self.listeners = [socket.create_server((HERE, 0)) for _ in range(cpus)]
            ports = b''.join(b'%d\0' % x.getsockname()[1] for x in self.listeners)
        whole = struct.pack('>IIIQ16sI', 0, cpus, page, 0x1122334455667788, name, port)
        self.s.sendall(message(TRACE_RESP, whole if fixed is None else whole[:fixed], ports))

    def tracing(self, **args):
        self.respond(**args)
        send_stream(self.s, self.meta)
        self.accept()

    def accept(self):
        self.data = [x.accept()[0] for x in self.listeners]

    def until_close(self):
        while receive(self.s)[0] != CLOSE:
            pass

    def end(self):
        self.until_close()
        for d in self.data:
            d.close()
        self.s.sendall(message(CLOSE_RESP))
        outcome(self.s)


def page(events=b'', commit=None):
    return (struct.pack('<QQ', 1, len(events) if commit is None else commit) + events).ljust(PAGE, b'\0')


def raw(data):
    """Instead of TRACE_RESP."""
    def play(a):
        a.s.sendall(data)
        outcome(a.s, 40)
    return play


def resp(**args):
    def play(a):
        a.respond(**args)
        outcome(a.s, 40)
    return play


def instead_of_meta(data, close=False):
    def play(a):
        a.respond()
        try:
            a.s.sendall(data)
            if close:
                a.s.close()
                return
        except OSError:
            pass
        outcome(a.s, 40)
    return play


def endless_meta(a):
    a.respond()
    part = message(SEND_DATA, var=bytes(8180)) * 32
    try:
        while True:
            a.s.sendall(part)
    except OSError:
        pass


def dripping_meta(a):
    """A byte every second: no message ever takes long, and it never ends."""
    a.respond()
    try:
        while True:
            a.s.sendall(message(SEND_DATA, var=b'x'))
            time.sleep(1)
    except OSError:
        pass


def pausing_meta(a):
    """Nothing wrong but a pause in the middle, longer than the host's patience."""
    a.respond()
    half = len(a.meta) // 2
    for at in range(0, half, 8180):
        a.s.sendall(message(SEND_DATA, var=a.meta[at:min(at + 8180, half)]))
    time.sleep(7)
    send_stream(a.s, a.meta[half:])
    a.accept()
    a.data[0].sendall(page())
    a.end()


def silent_end(a):
    """CLOSE is heard, and that is all."""
    a.until_close()
    print('heard CLOSE', flush=True)
    outcome(a.s, 100)


def hostile_meta(meta):
    def play(a):
        a.meta = meta(a.meta)
        a.tracing()
        a.end()
    return play


def data(what, after=None):
    """Data of the only CPU; @after: what to do instead of a good end."""
    def play(a):
        a.tracing()
        try:
            what(a.data[0])
        except OSError:
            pass
        (after or Agent.end)(a)
    return play


def flood(d):
    block = os.urandom(1 << 16)
    d.settimeout(10)
    while True:
        d.sendall(block)


def endless_end(a):
    """After CLOSE data goes on, and CLOSE_RESP never comes."""
    a.until_close()
    try:
        while True:
            a.data[0].sendall(page())
            time.sleep(0.01)
    except OSError:
        pass


def chatter(a):
    """After CLOSE: messages without end, none of them the right one."""
    a.until_close()
    try:
        while True:
            a.s.sendall(message(NOT_SUPP))
            time.sleep(0.01)
    except OSError:
        pass


def left_open(a):
    """It says that all has been sent, and never ends its data."""
    a.until_close()
    a.s.sendall(message(CLOSE_RESP))
    outcome(a.s, 100)


def hang_up(a):
    a.data[0].sendall(page())
    time.sleep(0.2)
    a.data[0].close()
    a.s.close()


def say(what):
    def play(a):
        a.s.sendall(what)
        outcome(a.s, 40)
    return play


def no_data_connection(a):
    """Ports that nobody listens on."""
    spare = socket.create_server((HERE, 0))
    port = spare.getsockname()[1]
    spare.close()
    a.respond(ports=b'%d\0' % port)
    send_stream(a.s, a.meta)
    outcome(a.s, 40)


def sync(play_round, name=b'ptp', accept=True):
    """A session whose clock comparison is hostile; all else is good."""
    def play(a):
        server = socket.create_server((HERE, 0))
        a.respond(name=name, port=server.getsockname()[1])
        t = server.accept()[0] if accept else None

        def run():
            try:
                receive(t)
                play_round(t)
                outcome(t, 60)
            except (OSError, EOFError, struct.error):
                pass

        if t:
            threading.Thread(target=run, daemon=True).start()
        send_stream(a.s, a.meta)
        a.accept()
        a.end()
    return play


def ptp_start(t, flags=3):
    t.sendall(tsync(b'ptp', 1, struct.pack('>II', 1, flags)))
    return receive(t)


def ptp_probes(*numbers):
    def play(t):
        ptp_start(t)
        for n in numbers:
            t.sendall(tsync(b'ptp', 2, struct.pack('>I', n)))
            receive(t)
    return play


def ptp_lie(offset):
    """A whole round with a result that cannot be. Prints whether unused slots carry anything."""
    def play(t):
        while True:
            ptp_start(t)
            for n in range(1, 340):
                t.sendall(tsync(b'ptp', 2, struct.pack('>I', n)))
                receive(t)
            t.sendall(tsync(b'ptp', 5))
            _, _, var = receive(t)
            times = [struct.unpack_from('>q', var, 8 + 12 * i)[0] for i in range(339)]
            unused = var[8 + 12 * 339:]
            print('unused slots', 'are empty' if not any(unused) else 'leak', flush=True)
            t.sendall(tsync(b'ptp', 4, struct.pack('>qq', times[0], offset)))
            receive(t)      # the next PROBE of the loop
    return play


def patched(at, what):
    return lambda meta: meta[:at] + what + meta[at + len(what):]


AGENTS = {
    # rows 1 to 3: framing
    'fixed-part-beyond-message': raw(struct.pack('>III', 12, TRACE_RESP, 0x7fffffff)),
    'tiny-message': raw(struct.pack('>III', 4, TRACE_RESP, 0)),
    'huge-message': raw(struct.pack('>III', 1 << 30, TRACE_RESP, 40)),
    'half-message': raw(struct.pack('>III', 100, TRACE_RESP, 40) + b'xyz'),
    'short-fixed-part': resp(fixed=4),
    'silence': raw(b''),
    'unknown-command': raw(message(99)),
    'drips': lambda a: drip(a.s),
    # 6 to 8: TRACE_RESP
    'ports-without-nul': resp(ports=b'1500'),
    'ports-missing': resp(cpus=4, ports=b'1500\0'),
    'ports-empty': resp(cpus=3, ports=b'\0\0\0'),
    'port-0': resp(ports=b'0\0'),
    'port-70000': resp(ports=b'70000\0'),
    'port-negative': resp(ports=b'-1\0'),
    'port-text': resp(ports=b'15x\0'),
    'cpus-0': resp(cpus=0, ports=b''),
    'cpus-8000-empty': resp(cpus=8000, ports=b'\0' * 8000),
    'cpus-4294967295': resp(cpus=0xffffffff, ports=b'1500\0'),
    'page-size-3': resp(page=3),
    'page-size-2G': resp(page=1 << 31),
    'data-port-closed': no_data_connection,
    # 12: metadata
    'meta-endless': endless_meta,
    'meta-half-message': instead_of_meta(struct.pack('>III', 1000, SEND_DATA, 0) + b'abc'),
    'meta-silence': instead_of_meta(b''),
    'meta-empty-message': instead_of_meta(message(SEND_DATA)),
    'meta-hang-up': instead_of_meta(b'', close=True),
    'meta-hang-up-amid': instead_of_meta(struct.pack('>III', 1000, SEND_DATA, 0) + b'abc', close=True),
    'meta-out-of-turn': instead_of_meta(message(CLOSE_RESP)),
    'meta-drips': dripping_meta,
    # 13: its content
    'meta-nothing': hostile_meta(lambda meta: b''),
    'meta-zeros': hostile_meta(lambda meta: bytes(100000)),
    'meta-cut': hostile_meta(lambda meta: meta[:len(meta) // 2]),
    'meta-options-beyond': hostile_meta(lambda meta: meta.replace(b'zstd\0', b'none\0', 1)[:60] + b'\xff' * 60),
    'meta-elf': hostile_meta(lambda meta: b'\x7fELF' + bytes(5000)),
    # 14: data
    'data-never-ends': data(lambda d: None, endless_end),
    'data-garbage': data(lambda d: d.sendall(b'\xff' * 100 * PAGE)),
    'data-part-of-page': data(lambda d: d.sendall(page() + b'x' * 100)),
    'data-flood': data(flood),
    'data-quota': data(flood),
    'data-left-open': data(lambda d: d.sendall(page()), left_open),
    'data-and-late-metadata': data(lambda d: None, say(message(SEND_DATA, var=b'x' * 100))),
    'data-hang-up': data(lambda d: None, hang_up),
    # 24: out of turn
    'close-response-at-once': data(lambda d: None, say(message(CLOSE_RESP))),
    'second-response': data(lambda d: None, say(message(TRACE_RESP, bytes(40), b'1500\0'))),
    'chatter-at-the-end': data(lambda d: None, chatter),
    # 8, 16 to 23: clocks
    'sync-unknown-protocol': sync(lambda t: None, name=b'x' * 16),
    'sync-not-offered': sync(lambda t: None, name=b'kvm'),
    'sync-silence': sync(lambda t: time.sleep(100)),
    'sync-unknown-flags': sync(lambda t: ptp_start(t, 0xffffffff)),
    'sync-probe-0x80000000': sync(ptp_probes(1, 0x80000000)),
    'sync-probe-repeated': sync(ptp_probes(*([1] * 400))),
    'sync-probe-340': sync(ptp_probes(*range(1, 341))),
    'sync-impossible-offset': sync(ptp_lie(1 << 61)),
    'sync-impossible-negative-offset': sync(ptp_lie(-(1 << 63))),
    'sync-huge-payload': sync(lambda t: t.sendall(tsync(b'ptp', 1, b'\0' * 8000))),
    'sync-garbage': sync(lambda t: t.sendall(os.urandom(100000))),
    'sync-fixed-beyond': sync(lambda t: t.sendall(struct.pack('>III', 12, 9, 1 << 31))),
}


# not hostile, but slow: for --notimeout
SLOW_AGENTS = {
    'pause': pausing_meta,
    'silent-end': data(lambda d: d.sendall(page()), silent_end),
}


def drip(s):
    try:
        for byte in struct.pack('>III', 8192, TRACE_RESP, 40) + bytes(8180):
            s.sendall(bytes([byte]))
            time.sleep(0.5)
    except OSError:
        pass


# --- hosts

def request(args=(), protos=(), flags=0, extra=b'', argc=None):
    text = b''.join(a + b'\0' for a in args)
    var = b''
    if args or argc is not None:
        var += struct.pack('>III', 0, 4 + len(text), len(args) if argc is None else argc) + text
    if protos:
        names = b''.join(p + b'\0' for p in protos) + b'\0'
        var += struct.pack('>II', 1, len(names)) + names
    return message(TRACE_REQ, struct.pack('>IIQ', flags, 0, 1), var + extra)


PLAIN = [b'-e', b'irq:irq_handler_entry']


def connect(port, source=None):
    return socket.create_connection((HERE, port), 20, source_address=source)


def parse_response(fixed, var):
    _, cpus, _, _, name, port = struct.unpack('>IIIQ16sI', fixed)
    return [int(p) for p in var.rstrip(b'\0').split(b'\0')], port


def served(port, protos=()):
    """A session up to TRACE_RESP: the control connection, data ports, port of the comparison."""
    end = time.monotonic() + 60
    while True:
        s = connect(port)
        s.settimeout(20)
        try:
            s.sendall(request(PLAIN, protos))
            cmd, fixed, var = receive(s)
            if cmd == TRACE_RESP:
                return (s,) + parse_response(fixed, var)
        except (EOFError, OSError):
            pass
        s.close()
        if time.monotonic() > end:
            raise TimeoutError('the agent serves nobody any more')
        time.sleep(0.05)


def metadata(s):
    meta = b''
    while True:
        cmd, _, var = receive(s)
        if cmd == FIN_DATA:
            return meta
        meta += var


def good_session(port):
    s, ports, _ = served(port)
    meta = metadata(s)
    socks = [connect(p) for p in ports]
    s.sendall(message(CLOSE))
    while receive(s)[0] != CLOSE_RESP:
        pass
    for x in socks + [s]:
        x.close()
    return meta


def talk(data, half=False):
    def play(port):
        s = connect(port)
        try:
            s.sendall(data)
        except OSError:
            pass
        return outcome(s)
    return play


def refused(*args):
    return talk(request(args))


def bare(value):
    """TRACE_REQ whose parameters are these bytes."""
    return talk(message(TRACE_REQ, bytes(16), value))


def silent_crowd(port):
    crowd = [connect(port) for _ in range(40)]
    good_session(port)
    for s in crowd:
        s.close()
    return 'served all the same'


def alien_control(port):
    return outcome(connect(port, ('127.0.0.2', 0)))


def alien_data(port):
    s, ports, _ = served(port)
    metadata(s)
    other = connect(ports[0], ('127.0.0.2', 0))
    result = outcome(other)
    own = connect(ports[0])
    own.settimeout(1)
    try:
        result += ', own ' + ('ends' if not own.recv(1) else 'says')
    except socket.timeout:
        result += ', own stays'
    s.close()
    return result


def sync_host(play_round):
    def play(port):
        s, ports, sync_port = served(port, (b'ptp',))
        t = connect(sync_port)
        try:
            play_round(t)
            result = outcome(t, 12)
        except (OSError, EOFError, struct.error):
            result = 'ends'
        s.close()
        return result
    return play


def alien_sync(port):
    s, _, sync_port = served(port, (b'ptp',))
    other = connect(sync_port, ('127.0.0.2', 0))
    # nobody looks there until our own connection comes: it is refused then
    result = outcome(other)
    s.close()
    return result


def echo_round(numbers=None, count=None):
    """A round as a host plays it, with a lie in it."""
    def play(t):
        t.settimeout(20)
        t.sendall(tsync(b'none', 1, struct.pack('=H', 0)))
        while True:
            cmd, fixed, var = receive(t)
            proto, number = struct.unpack('>16sI', fixed)
            if number == 1:
                t.sendall(message(cmd, fixed, var))
            elif number == 2:
                t.sendall(message(cmd, fixed, var if numbers is None else struct.pack('>I', numbers)))
            elif number == 5:
                t.sendall(tsync(b'ptp', 3, struct.pack('>II', 1, count) + bytes(12 * 10)))
                return
    return play


def vanish(after):
    """The host is gone in a state of its session."""
    def play(port):
        s, ports, sync_port = served(port, (b'ptp',))
        after(s, ports, sync_port)
        s.close()
        return 'gone'
    return play


def vanish_tracing(s, ports, sync_port):
    connect(sync_port).close()
    metadata(s)
    vanish_tracing.socks = [connect(p) for p in ports]


def second_request(port):
    s, ports, _ = served(port)
    metadata(s)
    s.sendall(request(PLAIN) * 3)
    s.settimeout(20)
    result = '%d' % receive(s)[0]
    s.close()
    return 'NOT_SUPP' if result == '5' else result


def close_before_data(port):
    s, ports, _ = served(port)
    s.sendall(message(CLOSE))
    return outcome(s)


def deaf(port):
    """Takes no data at all while the agent traces, then goes."""
    s, ports, _ = served(port)
    metadata(s)
    socks = [connect(p) for p in ports]
    time.sleep(0.5)
    s.sendall(message(CLOSE))
    s.close()
    del socks
    return 'gone'


HOSTS = {
    'nothing': talk(b''), 'half-header': talk(b'\0\0'), 'http': talk(b'GET / HTTP/1.1\r\n\r\n'),
    'fixed-part-beyond-message': talk(struct.pack('>III', 12, TRACE_REQ, 0x7fffffff)),
    'tiny-message': talk(struct.pack('>III', 11, TRACE_REQ, 0)),
    'huge-message': talk(struct.pack('>III', 8193, TRACE_REQ, 16)),
    'half-request': talk(request(PLAIN)[:-3]),
    'wrong-command': talk(message(CLOSE)), 'unknown-command': talk(message(77)),
    'tinit': talk(message(1, struct.pack('>III', 1, 4096, 0))),
    'parameter-beyond': bare(struct.pack('>II', 0, 1000) + b'x'),
    'parameter-negative': bare(struct.pack('>II', 0, 0xffffffff) + bytes(40)),
    'parameter-short': bare(struct.pack('>II', 0, 2) + bytes(40)),
    'args-more-than-there': talk(request([b'-e', b'irq'], argc=1000)),
    'args-huge-count': talk(request([b'-e', b'irq'], argc=0x7fffffff)),
    'args-unterminated': bare(struct.pack('>III', 0, 4 + 3, 1) + b'abc'),
    'args-none': talk(request()),
    'protos-unterminated': talk(request(PLAIN, extra=struct.pack('>II', 1, 4) + b'ptpx')),
    'protos-long-name': talk(request(PLAIN, [b'x' * 100])),
    'option-output': refused(b'-o', b'/tmp/hostile', b'-e', b'irq'),
    'option-guest': refused(b'-A', b'127.0.0.1:823', b'-e', b'irq'),
    'option-network': refused(b'-N', b'127.0.0.1:4711', b'-e', b'irq'),
    'option-command': refused(b'-e', b'irq', b'touch', b'/tmp/hostile'),
    'option-command-flag': refused(b'-e', b'irq', b'-F', b'touch', b'/tmp/hostile'),
    'option-control-characters': refused(b'-e', b'irq\n*:*'),
    'option-instance-path': refused(b'-B', b'../../../tmp/hostile', b'-e', b'irq'),
    'option-instance-absolute': refused(b'-B', b'/tmp/hostile', b'-e', b'irq'),
    'option-user': refused(b'-e', b'irq', b'--user', b'root', b'id'),
    'option-debug-directory': refused(b'--tsync-debug', b'/tmp/hostile', b'-e', b'irq'),
    'option-buffer-size': refused(b'-b', b'999999999999', b'-e', b'irq'),
    'crowd-of-silent-ones': silent_crowd,
    'alien-control': alien_control, 'alien-data': alien_data, 'alien-sync': alien_sync,
    'sync-cpu-65535': sync_host(lambda t: t.sendall(tsync(b'none', 1, b'\xff\xff'))),
    'sync-silence': sync_host(lambda t: None),
    'sync-garbage': sync_host(lambda t: t.sendall(os.urandom(50000))),
    'sync-wrong-echo': sync_host(echo_round(numbers=7)),
    'sync-list-too-long': sync_host(echo_round(count=0x10000000)),
    'sync-list-beyond': sync_host(echo_round(count=339)),
    'gone-after-response': vanish(lambda s, p, t: None),
    'gone-after-metadata': vanish(lambda s, p, t: (connect(t).close(), metadata(s))),
    'gone-while-tracing': vanish(vanish_tracing),
    'second-request': second_request, 'close-before-data': close_before_data, 'deaf': deaf,
}


def hosts(port):
    for name, play in HOSTS.items():
        begin = time.monotonic()
        result = play(port)
        took = time.monotonic() - begin
        begin = time.monotonic()
        good_session(port)
        print('%s: %s after %.1f s, served %.1f s later' % (name, result, took, time.monotonic() - begin),
              flush=True)


def main(what, *args):
    if what in ('agents', 'hosts'):
        print('\n'.join(AGENTS if what == 'agents' else HOSTS))
    elif what == 'capture':
        with open(args[1], 'wb') as f:
            f.write(good_session(int(args[0])))
    elif what == 'host':
        hosts(int(args[0]))
    else:
        with open(args[2], 'rb') as f:
            meta = f.read()
        a = Agent(int(args[0]), meta)
        try:
            (AGENTS | SLOW_AGENTS)[args[1]](a)
        except (EOFError, OSError):
            pass
        print('done', flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
