"""Messages of trace-cmd's protocol, as the peers of the tests speak them."""
import struct

SEND_DATA, FIN_DATA = 3, 4


def read_exactly(s, n):
    data = b''
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def message(cmd, fixed=b'', var=b''):
    return struct.pack('>III', 12 + len(fixed) + len(var), cmd, len(fixed)) + fixed + var


def receive(s):
    """Command, fixed part and variable part of the next one."""
    size, cmd, fixed = struct.unpack('>III', read_exactly(s, 12))
    body = read_exactly(s, size - 12)
    return cmd, body[:fixed], body[fixed:]


def send_stream(s, data):
    for i in range(0, len(data), 8180):
        s.sendall(message(SEND_DATA, var=data[i:i + 8180]))
    s.sendall(message(FIN_DATA))
