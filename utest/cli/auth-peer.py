#!/usr/bin/env python3
"""Who listens, or meddles, between trace-cmd's ends.

    auth-peer.py proxy PORT TARGET MODE [FILE]   passes on one connection; flip: with a bit changed behind
                                                 the handshake, cut: without the end, save: what the client says is
                                                 stored in FILE, stall: nothing of the client but its handshake; tells
                                                 when it has gone, ms after that
    auth-peer.py replay PORT FILE                says what is in FILE; prints what the other side does
    auth-peer.py capture ADDRESS WORD...         looks at all packets of lo from or to ADDRESS until its input
                                                 ends; prints for each word how often it was there, and the
                                                 bytes in all
    auth-peer.py silent PORT                     accepts, says so, and says nothing to its client; tells when
                                                 that has gone, ms after it came
    auth-peer.py crowd PID COUNT                 waits for a process of PID that listens on ports, and connects COUNT
                                                 times to each of these, to say nothing, or a byte a
                                                 second; says which
"""
import os
import re
import socket
import sys
import threading
import time

HERE = '127.0.0.1'
HANDSHAKE = 80 + 56     # bytes of the client


def proxy(port, target, mode, path=None):
    server = socket.create_server(('', port))
    print('ready', flush=True)
    client, _ = server.accept()
    server.close()
    agent = socket.create_connection((HERE, target))
    said = bytearray()

    def back():
        try:
            while True:
                data = agent.recv(65536)
                if not data:
                    break
                client.sendall(data)
        except OSError:
            pass
        for s in (client, agent):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    thread = threading.Thread(target=back, daemon=mode == 'stall')
    thread.start()
    stalled = None
    try:
        while True:
            data = bytearray(client.recv(65536 if mode != 'stall' or stalled else HANDSHAKE - len(said)))
            if not data:
                break
            if stalled:
                continue
            begin = len(said)
            said += data
            if mode == 'flip' and begin <= HANDSHAKE + 20 < len(said):
                data[HANDSHAKE + 20 - begin] ^= 4
            if mode == 'cut' and len(said) > HANDSHAKE + 20:
                data = data[:HANDSHAKE + 20 - begin]
                agent.sendall(data)
                break
            agent.sendall(data)
            if mode == 'stall' and len(said) == HANDSHAKE:
                stalled = time.monotonic()
                print('connected', flush=True)
    except OSError:
        pass
    if stalled:
        print('gone after %d' % ((time.monotonic() - stalled) * 1000), flush=True)
        return
    if path:
        with open(path, 'wb') as f:
            f.write(said)
    try:
        agent.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    thread.join()


def replay(port, path):
    s = socket.create_connection((HERE, port))
    s.settimeout(20)
    with open(path, 'rb') as f:
        data = f.read()
    got = b''
    try:
        s.sendall(data[:80])
        while len(got) < 8 + 88:
            part = s.recv(4096)
            if not part:
                break
            got += part
        s.sendall(data[80:])
        while True:
            part = s.recv(4096)
            if not part:
                break
            got += part
    except socket.timeout:
        print('waits')
        return
    except OSError:
        pass
    print('ends after %d bytes' % len(got))


def capture(address, *words):
    wanted = socket.inet_aton(address)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind(('lo', 0))
    s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)   # SO_RCVBUFFORCE
    s.settimeout(0.2)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print('ready', flush=True)
    counts = {w.encode(): 0 for w in words}
    total = 0
    until = None
    while until is None or time.monotonic() < until:
        # what has been received but not looked at yet is to be seen, too
        if until is None and ended.is_set():
            until = time.monotonic() + 20
        try:
            data = s.recv(1 << 17)
        except socket.timeout:
            if until is not None:
                break
            continue
        # behind the link's head of 14 bytes
        if wanted not in (data[26:30], data[30:34]):
            continue
        total += len(data)
        for w in counts:
            counts[w] += data.count(w)
    for w, n in counts.items():
        print('%s: %d' % (w.decode(), n))
    print('total: %d' % total)


def silent(port):
    server = socket.create_server(('', port))
    print('ready', flush=True)
    while True:
        client, _ = server.accept()
        came = time.monotonic()
        print('connected', flush=True)
        try:
            while client.recv(4096):
                pass
        except OSError:
            pass
        print('gone after %d' % ((time.monotonic() - came) * 1000), flush=True)


def ports_of(pid):
    """TCP ports that a process listens on."""
    inodes = set()
    try:
        for fd in os.listdir('/proc/%s/fd' % pid):
            m = re.match(r'socket:\[(\d+)\]', os.readlink('/proc/%s/fd/%s' % (pid, fd)))
            if m:
                inodes.add(m.group(1))
    except OSError:
        pass
    found = set()
    for name in ('tcp', 'tcp6'):
        with open('/proc/net/' + name, encoding='ascii') as f:
            for line in f:
                word = line.split()
                if word[3] == '0A' and word[9] in inodes:
                    found.add(int(word[1].split(':')[1], 16))
    return found


def crowd(pid, count):
    kept = []
    known = set()
    said = time.monotonic()
    print('ready', flush=True)
    while True:
        with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as f:
            children = f.read().split()
        for port in set().union(*map(ports_of, children)) - known:
            known.add(port)
            try:
                for _ in range(count):
                    kept.append(socket.create_connection((HERE, port)))
            except OSError:
                pass
            print('crowd at port %d' % port, flush=True)
        if time.monotonic() - said > 1:
            said = time.monotonic()
            for s in kept[::2]:
                try:
                    s.send(b'T')
                except OSError:
                    pass
        time.sleep(0.002)


if __name__ == '__main__':
    what, args = sys.argv[1], sys.argv[2:]
    if what == 'proxy':
        proxy(int(args[0]), int(args[1]), *args[2:])
    elif what == 'replay':
        replay(int(args[0]), args[1])
    elif what == 'silent':
        silent(int(args[0]))
    elif what == 'crowd':
        crowd(int(args[0]), int(args[1]))
    else:
        capture(*args)
