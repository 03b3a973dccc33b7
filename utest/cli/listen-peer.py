#!/usr/bin/env python3
"""Peers that a listener, or a client of one, should survive.

    listen-peer.py v1 PORT LISTENER     a listener that knows protocol 1 only: passes on what
                                        record says to LISTENER, but hangs up on newer versions
    listen-peer.py drip PORT            a client that says a byte a second; prints how long the
                                        listener bore it
    listen-peer.py hostile PORT         clients that say what must not be; prints for each what
                                        the listener did within half a minute
    listen-peer.py silent PORT COUNT    that many clients that say nothing, until the input ends
    listen-peer.py alien PORT           a client whose data others send, too; prints the ports
    listen-peer.py spoof PORT [SOURCE]  a client by UDP for whose CPU others send, too; it comes from
                                        port SOURCE
    listen-peer.py tinit PORT META      a client of protocol 3 that sends the file META, then ends
                                        without CLOSE
"""
import socket
import struct
import sys
import threading
import time

from wire import message, read_exactly

HERE = '127.0.0.1'


def connect(port, source=None):
    s = socket.create_connection((HERE, port), 20, source_address=source)
    return s


def read_text(s):
    data = b''
    while not data.endswith(b'\0'):
        data += read_exactly(s, 1)
    return data


def tinit(cpus, page=4096, options=()):
    return message(1, struct.pack('>III', cpus, page, len(options)),
                   b''.join(o + b'\0' for o in options))


def greeted(port, source=None):
    """A connection on which messages are spoken."""
    s = connect(port, source)
    read_exactly(s, 8)
    s.sendall(b'-1V3\0')
    read_exactly(s, 3)
    s.sendall(b'766679\0\0')
    read_exactly(s, 2)
    return s


def outcome(s):
    """What the listener does: "ends" (also with a reset), or what it says, or nothing."""
    s.settimeout(30)
    try:
        while True:
            data = s.recv(4096)
            if not data:
                return 'ends'
    except socket.timeout:
        return 'waits'
    except OSError:
        return 'ends'


def v1(port, target):
    def pump(a, b):
        try:
            while True:
                data = a.recv(65536)
                if not data:
                    break
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    server = socket.create_server((HERE, port))
    print('ready', flush=True)
    while True:
        c, _ = server.accept()
        t = connect(target)
        c.sendall(read_exactly(t, 8))
        first = read_text(c)
        if first.startswith(b'-'):
            print('newer', flush=True)
            c.close()
            t.close()
            continue
        t.sendall(first)
        t.settimeout(None)
        for a, b in ((c, t), (t, c)):
            threading.Thread(target=pump, args=(a, b), daemon=True).start()


def drip(port):
    s = connect(port)
    begin = time.monotonic()
    s.settimeout(1)
    try:
        for byte in b'tracecmd-' + b'1' * 60:
            s.sendall(bytes([byte & 0x3f | 0x30]))
            try:
                while s.recv(100):
                    pass
                break
            except socket.timeout:
                pass
    except OSError:
        pass
    print('%.1f' % (time.monotonic() - begin), flush=True)


def hostile(port):
    texts = {
        'nothing but ends': b'', 'http': b'GET / HTTP/1.1\r\n\r\n\0', 'endless': b'1' * 9000,
        'no cpus': b'0\0004096\0000\0', 'many cpus': b'9999\0004096\0000\0',
        'huge page': b'1\00099999999\0000\0', 'many options': b'1\0004096\000999999\0',
        'odd option': b'1\0004096\0001\0004\000XYZ\0', 'old magic': b'-1V2\0-1V2\0',
        'zeros': bytes(300), 'ones': b'\xff' * 300,
    }
    for name, text in texts.items():
        s = connect(port)
        try:
            s.sendall(text)
            if not text:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        print(name, outcome(s), sep=': ', flush=True)
    messages = {
        'fixed part beyond the message': struct.pack('>III', 12, 1, 0x7fffffff),
        'tiny message': struct.pack('>III', 4, 1, 0), 'huge message': struct.pack('>III', 1 << 30, 1, 12),
        'no cpus': tinit(0), '0xffffffff cpus': tinit(0xffffffff), '4096 cpus': tinit(4096),
        'page of 3': tinit(1, 3), 'page of 2 GiB': tinit(1, 1 << 31),
        'vsock over TCP': tinit(1, options=[b'vsock']),
        'unterminated option': message(1, struct.pack('>III', 1, 4096, 1), b'tcp'),
        'close at once': message(0), 'trace request': message(6, bytes(16)),
        'metadata that is none': tinit(1) + message(3, var=b'x' * 5000) + message(4) + message(0),
        'data without end mark': tinit(1) + message(3, var=b'\x17\x08Dtracing6\0') + message(0),
        'empty data': tinit(1) + message(3), 'unknown messages': tinit(1) + message(99) * 100,
        'close before data': tinit(1) + message(0),
    }
    for name, text in messages.items():
        s = greeted(port)
        try:
            s.sendall(text)
        except OSError:
            pass
        print(name, outcome(s), sep=': ', flush=True)


def silent(port, count):
    socks = [connect(port) for _ in range(count)]
    print('ready', flush=True)
    sys.stdin.read()
    del socks


def spoof(port, source=0):
    """A page of ours, one of another host's, one of another port's; no metadata."""
    s = greeted(port, (HERE, source))
    s.sendall(tinit(1))
    size, _, _ = struct.unpack('>III', read_exactly(s, 12))
    to = (HERE, int(read_exactly(s, size - 12)[4:].rstrip(b'\0')))
    for host in (HERE, '127.0.0.2', HERE):
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        u.bind((host, 0))
        u.sendto(bytes(4096), to)
    s.sendall(message(0))
    outcome(s)


def tinit_client(port, path):
    s = greeted(port)
    s.sendall(tinit(2, options=[b'tcp']))
    read_exactly(s, struct.unpack('>III', read_exactly(s, 12))[0] - 12)
    with open(path, 'rb') as f:
        while True:
            part = f.read(8000)
            if not part:
                break
            s.sendall(message(3, var=part))
    s.sendall(message(4))
    print('sent', flush=True)
    s.close()


def alien(port):
    """TCP data ports of our connection, taken by another address: it must not count."""
    s = greeted(port)
    s.sendall(tinit(1, options=[b'tcp']))
    size, _, _ = struct.unpack('>III', read_exactly(s, 12))
    body = read_exactly(s, size - 12)
    data_port = int(body[4:].rstrip(b'\0'))
    other = connect(data_port, ('127.0.0.2', 0))
    print('alien', outcome(other), sep=': ', flush=True)
    own = connect(data_port)
    own.sendall(b'x')
    own.settimeout(1)
    try:
        print('own', 'ends' if not own.recv(1) else 'says', sep=': ', flush=True)
    except socket.timeout:
        print('own: stays', flush=True)


if __name__ == '__main__':
    what, numbers = sys.argv[1], sys.argv[2:]
    if what == 'tinit':
        tinit_client(int(numbers[0]), numbers[1])
    else:
        {'v1': v1, 'drip': drip, 'hostile': hostile, 'silent': silent,
         'alien': alien, 'spoof': spoof}[what](*(int(n) for n in numbers))
