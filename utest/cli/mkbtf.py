#!/usr/bin/env python3
"""Makes types of a kernel (BTF), as a text describes them, and puts them into trace files.

    mkbtf.py OUT < TEXT             the blob, as /sys/kernel/btf/vmlinux has it
    mkbtf.py add IN OUT BLOB [ID]   the trace file IN (version 7, not compressed) with BLOB as its BTF, or
                                    as the section ID

Lines of TEXT; # begins a comment. LABEL is for the lines that follow, NAME is in the blob, - is none:
    base FILE                       the types are a module's: FILE has the text of the kernel's
    LABEL int NAME BYTES [signed|char|bool]
    LABEL float|struct|union|fwd|ufwd NAME BYTES    without members
    LABEL enum|senum|enum64 NAME BYTES VALUE...     senum: of signed values
    LABEL ptr|const|volatile|restrict|typedef|func|tag NAME OTHER
    LABEL array - OTHER COUNT
    LABEL proto - RETURNED [NAME:OTHER...] [...]
OTHER and RETURNED are labels, "void", or numbers. ORDER=big in the environment makes it big-endian.
"""
import os
import struct
import sys

E = '>' if os.environ.get('ORDER') == 'big' else '<'
KINDS = {'int': 1, 'ptr': 2, 'array': 3, 'struct': 4, 'union': 5, 'enum': 6, 'senum': 6, 'fwd': 7, 'ufwd': 7,
         'typedef': 8, 'volatile': 9, 'const': 10, 'restrict': 11, 'func': 12, 'proto': 13,
         'float': 16, 'tag': 18, 'enum64': 19}
FLAGS = {'senum', 'ufwd'}
ENCODINGS = {'signed': 1, 'char': 2, 'bool': 4}


class Blob:
    def __init__(self):
        self.types, self.strings, self.labels, self.next = b'', b'\0', {'void': 0}, 1
        self.first_string = 0

    def rebase(self):
        """What was added so far is another blob's."""
        self.first_string += len(self.strings)
        self.types, self.strings = b'', b''

    def string(self, text):
        if text == '-':
            return 0
        self.strings += text.encode() + b'\0'
        return self.first_string + len(self.strings) - len(text) - 1

    def ref(self, label):
        return self.labels[label] if label in self.labels else int(label)

    def add(self, line):
        words = line.split('#')[0].split()
        if not words:
            return
        if words[0] == 'base':
            with open(words[1], encoding='utf-8') as f:
                for other in f:
                    self.add(other)
            self.rebase()
            return
        label, kind, name, *rest = words
        count, last, more = 0, 0, b''
        if kind == 'int':
            bits = int(rest[0]) * 8
            last = int(rest[0])
            more = struct.pack(E + 'I', sum(ENCODINGS[w] for w in rest[1:]) << 24 | bits)
        elif kind == 'array':
            more = struct.pack(E + 'III', self.ref(rest[0]), 0, int(rest[1]))
        elif kind in ('enum', 'senum', 'enum64'):
            last, count = int(rest[0]), len(rest) - 1
            for i, value in enumerate(rest[1:]):
                more += struct.pack(E + 'II', self.string(value), i) + (bytes(4) if kind == 'enum64' else b'')
        elif kind == 'proto':
            last, count = self.ref(rest[0]), len(rest) - 1
            for param in rest[1:]:
                called, _, other = param.partition(':')
                more += struct.pack(E + 'II', *((0, 0) if called == '...' else (self.string(called), self.ref(other))))
        elif kind in ('struct', 'union', 'float', 'fwd', 'ufwd'):
            last = int(rest[0])
        else:
            last = self.ref(rest[0])
        info = KINDS[kind] << 24 | count | (1 << 31 if kind in FLAGS else 0)
        self.types += struct.pack(E + 'III', self.string(name), info, last) + more
        self.labels[label] = self.next
        self.next += 1

    def bytes(self):
        return struct.pack(E + 'HBBIIIII', 0xeb9f, 1, 0, 24, 0, len(self.types), len(self.types),
                           len(self.strings)) + self.types + self.strings


def add_section(data, ident, payload):
    """A file with one more section, and an option that leads to it."""
    order = '>' if data[12] else '<'
    at = 18
    for _ in range(2):                  # the compression and its version
        at = data.index(b'\0', at) + 1
    while True:                         # the last pointer to options
        at, = struct.unpack_from(order + 'Q', data, at)
        size, = struct.unpack_from(order + 'Q', data, at + 8)
        at += 16 + size - 8
        if not struct.unpack_from(order + 'Q', data, at)[0]:
            break
    out = bytearray(data)
    section = len(out)
    out += struct.pack(order + 'HHiQ', ident, 0, -1, len(payload)) + payload
    struct.pack_into(order + 'Q', out, at, len(out))
    options = struct.pack(order + 'HIQ', ident, 8, section) + struct.pack(order + 'HIQ', 0, 8, 0)
    return bytes(out + struct.pack(order + 'HHiQ', 0, 0, -1, len(options)) + options)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def main(args):
    if args[0] == 'add':
        out, data = args[2], add_section(read(args[1]), int(args[4]) if args[4:] else 23, read(args[3]))
    else:
        blob = Blob()
        for line in sys.stdin:
            blob.add(line)
        out, data = args[0], blob.bytes()
    with open(out, 'wb') as f:
        f.write(data)


main(sys.argv[1:])
