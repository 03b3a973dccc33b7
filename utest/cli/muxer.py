#!/usr/bin/env python3
"""A stand-in for the vsock socket of Firecracker: ports of the guest are TCP ports of loopback.

    muxer.py PATH [HOW]
    muxer.py reverse PATH PORT LISTEN   the other way: who connects to TCP port PORT and speaks as record -N does comes
                                        out as a guest that records by -V 2:LISTEN, at PATH_LISTEN; data,
                                        too
    muxer.py thief PATH PORT            another process that connects to PATH_PORT; says what comes of it

HOW: nothing, or what is odd about it: silent (never answers), no-ok (answers otherwise), long (an endless
line), drops (hangs up), high (all of the guest's ports but the agent's are beyond 65535, as vsock's may be).
"""
import socket
import struct
import sys
import threading

from wire import message, receive


HIGH = 1 << 31
TRACE_RESP = 7


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(s, how):
    line = b''
    while not line.endswith(b'\n') and len(line) < 32:
        got = s.recv(1)
        if not got:
            return
        line += got
    word, port = line.decode().split()
    if how == 'silent':
        s.recv(1)
    elif how == 'no-ok':
        s.sendall(b'HTTP/1.1 400 Bad Request\r\n')
    elif how == 'long':
        s.sendall(b'OK ' + b'1' * 1000)
        s.recv(1)
    if how not in ('', 'high') or word != 'CONNECT':
        s.close()
        return
    control = int(port) < HIGH
    try:
        far = socket.create_connection(('127.0.0.1', int(port) % HIGH))
    except OSError:
        s.close()       # as Firecracker does
        return
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(b'OK 1073741824\n')
    if how == 'high' and control:
        threading.Thread(target=pump, args=(s, far), daemon=True).start()
        cmd, fixed, var = receive(far)
        if cmd == TRACE_RESP:
            sync = struct.unpack('>I', fixed[36:])[0]
            fixed = fixed[:36] + struct.pack('>I', sync + HIGH if sync else 0)
            ports = [int(p) + HIGH for p in var.split(b'\0')[:-1]]
            var = b''.join(b'%d\0' % p for p in ports)
            print('ports %s' % ports, flush=True)
        s.sendall(message(cmd, fixed, var))
        pump(far, s)
        return
    threading.Thread(target=pump, args=(s, far), daemon=True).start()
    pump(far, s)


def pass_on(a, b, n):
    """The first n bytes, as they come."""
    while n:
        data = a.recv(n)
        if not data:
            raise EOFError
        b.sendall(data)
        n -= len(data)


def to_host(path, port):
    s = socket.socket(socket.AF_UNIX)
    s.connect('%s_%s' % (path, port))
    return s


def both_ways(a, b):
    threading.Thread(target=pump, args=(a, b), daemon=True).start()
    pump(b, a)


def data_port(path, port):
    """A TCP port whose only connection comes out at the host's port."""
    server = socket.create_server(('127.0.0.1', 0))

    def serve_one():
        near, _ = server.accept()
        server.close()
        both_ways(near, to_host(path, port))

    threading.Thread(target=serve_one, daemon=True).start()
    return server.getsockname()[1]


def answers(host, guest, path):
    try:
        pass_on(host, guest, len(b'tracecmd') + len(b'V3\0') + len(b'OK'))
        cmd, fixed, var = receive(host)
        ports = var.split(b'\0')[:-1]
        print('ports %s' % b' '.join(ports).decode(), flush=True)
        var = b''.join(b'%d\0' % data_port(path, p.decode()) for p in ports)
        guest.sendall(message(cmd, fixed, var))
        pump(host, guest)
    except (EOFError, OSError):
        guest.close()


def reverse(path, tcp, port):
    server = socket.create_server(('127.0.0.1', int(tcp)))
    while True:
        guest, _ = server.accept()
        host = to_host(path, port)
        threading.Thread(target=answers, args=(host, guest, path), daemon=True).start()
        try:
            pass_on(guest, host, len(b'-1V3\0') + len(b'766679\0\0'))
            cmd, fixed, var = receive(guest)
            host.sendall(message(cmd, fixed, var.replace(b'tcp', b'vsock')))
            threading.Thread(target=pump, args=(guest, host), daemon=True).start()
        except (EOFError, OSError):
            host.close()


def thief(path, port):
    s = to_host(path, port)
    s.settimeout(20)
    try:
        print('got %d bytes' % len(s.recv(100)))
    except ConnectionResetError:
        print('got 0 bytes')
    except socket.timeout:
        print('waits')


def forward(path, how):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, how), daemon=True).start()


if sys.argv[1] == 'reverse':
    reverse(*sys.argv[2:])
elif sys.argv[1] == 'thief':
    thief(*sys.argv[2:])
else:
    forward(sys.argv[1], sys.argv[2] if sys.argv[2:] else '')
