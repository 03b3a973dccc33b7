#!/usr/bin/env python3
"""A stand-in for the vsock socket of Firecracker: ports of the guest are TCP ports of loopback.

    muxer.py PATH [HOW]

HOW: nothing, or what is odd about it: silent (never answers), no-ok (answers otherwise), long (an endless
line), drops (hangs up).
"""
import socket
import sys
import threading


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
    if how or word != 'CONNECT':
        s.close()
        return
    try:
        far = socket.create_connection(('127.0.0.1', int(port)))
    except OSError:
        s.close()       # as Firecracker does
        return
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(b'OK 1073741824\n')
    threading.Thread(target=pump, args=(s, far), daemon=True).start()
    pump(far, s)


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(16)
while True:
    conn, _ = listener.accept()
    threading.Thread(target=serve, args=(conn, sys.argv[2] if sys.argv[2:] else ''), daemon=True).start()
