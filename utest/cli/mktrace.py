#!/usr/bin/env python3
"""Writes a trace.dat file (version 6) of the events that a text describes.

    mktrace.py OUT < TEXT

Lines of TEXT; # begins a comment:
    format SYSTEM NAME ID TYPE:FIELD... [; PRINTFMT]    sizes by the type's name, see SIZES; TYPE[N]
                                        is an array, TYPE[] one of as many as the record
                                        has; "text" fields are of any length (__data_loc)
    unknown NAME ID TYPE:FIELD...       the same, of which the file tells nothing
    symbol ADDRESS NAME
    printk ADDRESS TEXT
    comm PID NAME
    hook TEXT                           an option, as record -H stores it
    page                                the next records begin new pages
    lost CPU [N]                        events were lost before that CPU's next record: a new page
    extend CPU NANOSECONDS              what the ring buffer has between records: a time extend,
    stamp CPU NANOSECONDS               an absolute time,
    padding CPU BYTES [NANOSECONDS]     or a hole (without NANOSECONDS: the rest of the page)
    CPU NANOSECONDS NAME PID VALUE...   a record; values are of the fields in their order; those of
                                        an array are separated by commas, all that follow are added
Names in values are the symbols' addresses. ORDER=big in the environment writes big-endian.
"""
import os
import struct
import sys

PAGE = 4096
SIZES = {'u8': 1, 's8': 1, 'char': 1, 'u16': 2, 's16': 2, 'u32': 4, 's32': 4, 'int': 4, 'u64': 8,
         's64': 8, 'long': 8, 'ptr': 8}
NAMES = {'u8': 'unsigned char', 's8': 'signed char', 'u16': 'unsigned short', 's16': 'short',
         'u32': 'unsigned int', 's32': 'int', 'u64': 'unsigned long long', 's64': 'long long',
         'long': 'unsigned long', 'ptr': 'void *'}
COMMON = (('unsigned short common_type', 0, 2, 0), ('unsigned char common_flags', 2, 1, 0),
          ('unsigned char common_preempt_count', 3, 1, 0), ('int common_pid', 4, 4, 1))
E = '>' if os.environ.get('ORDER') == 'big' else '<'


class Event:
    def __init__(self, words, unknown=False):
        head, _, fmt = ' '.join(words).partition(' ; ')
        self.system, self.name, ident, *fields = ([None] if unknown else []) + head.split()
        self.id, self.fmt, self.fields = int(ident), fmt or '""', []
        self.size = 8
        for word in fields:
            kind, _, name = word.partition(':')
            kind, _, count = kind.partition('[')
            count = -1 if count == ']' else int(count[:-1]) if count else 0
            size = 4 if kind == 'text' else SIZES[kind]
            self.size += -self.size % size
            self.fields.append((kind, count, name, self.size, size))
            self.size += size * (count or 1) if count >= 0 else 0

    def text(self):
        lines = ['name: %s' % self.name, 'ID: %d' % self.id, 'format:']
        lines += ['\tfield:%s;\toffset:%d;\tsize:%d;\tsigned:%d;' % f for f in COMMON] + ['']
        for kind, count, name, offset, size in self.fields:
            if kind == 'text':
                what = '__data_loc char[] %s' % name
            else:
                what = '%s %s' % (NAMES.get(kind, kind), name) + ('[%s]' % ('' if count < 0 else count) if count else '')
            lines.append('\tfield:%s;\toffset:%d;\tsize:%d;\tsigned:%d;' % (
                what, offset, size * (count or 1) if count >= 0 else 0, kind[0] in 'si' or kind == 'char'))
        return '\n'.join(lines + ['', 'print fmt: ' + self.fmt, ''])

    def record(self, pid, values, symbols):
        data, tail = bytearray(self.size), b''
        struct.pack_into(E + 'HBBi', data, 0, self.id, 0, 0, pid)
        for (kind, count, _, offset, size), value in zip(self.fields, values):
            if kind == 'text':
                text = value.encode() + b'\0'
                struct.pack_into(E + 'I', data, offset, len(text) << 16 | self.size + len(tail))
                tail += text
            elif kind == 'char' and count:
                data[offset:offset + count] = value.encode()[:count].ljust(count, b'\0')
            elif count:
                numbers = b''.join(number(v, size, symbols) for v in value.split(','))
                data = data[:offset] + numbers
            else:
                data[offset:offset + size] = number(value, size, symbols)
        data += tail
        return bytes(data) + bytes(-len(data) % 4)


def number(text, size, symbols):
    v = symbols[text] if text in symbols else int(text, 0)
    return (v & (1 << 8 * size) - 1).to_bytes(size, 'big' if E == '>' else 'little')


class Cpu:
    def __init__(self):
        self.pages, self.data, self.lost, self.first, self.last = [], b'', None, 0, 0

    def flush(self):
        if self.data:
            commit = len(self.data)
            page = struct.pack(E + 'Q', self.first)
            body = self.data
            if self.lost is not None:
                commit |= 1 << 31 | (1 << 30 if self.lost else 0)
                body += struct.pack(E + 'Q', self.lost) if self.lost else b''
            self.pages.append((page + struct.pack(E + 'Q', commit) + body).ljust(PAGE, b'\0'))
        self.data, self.lost = b'', None

    def add(self, ts, data):
        words = len(data) // 4
        if len(self.data) + len(data) + 24 > PAGE - 16:
            self.flush()
        if not self.data:
            self.first = self.last = ts
        delta, extend = ts - self.last, b''
        if delta >> 27:
            extend = self.head(30, delta & (1 << 27) - 1) + struct.pack(E + 'I', delta >> 27)
            delta = 0
        head = self.head(words, delta) if words <= 28 else \
            self.head(0, delta) + struct.pack(E + 'I', len(data) + 4)
        self.data += extend + head + data
        self.last = ts

    def gap(self, kind, value, length):
        if not self.data:
            self.first = self.last
        if kind == 'padding':
            self.data += self.head(29, value)
            if value:
                self.data += struct.pack(E + 'I', length) + bytes(length - 4)
        else:
            self.data += self.head(30 if kind == 'extend' else 31, value & (1 << 27) - 1)
            self.data += struct.pack(E + 'I', value >> 27)
        self.last = value if kind == 'stamp' else self.last + value

    @staticmethod
    def head(kind, delta):
        return struct.pack(E + 'I', kind << 27 | delta if E == '>' else delta << 5 | kind)


def read(lines):
    events, symbols, printk, comms, hooks, cpus = {}, {}, [], [], [], {}
    for line in lines:
        words = line.split('#')[0].split()
        if not words:
            continue
        kind, *rest = words
        if kind == 'format':
            e = Event(rest)
            events[e.name] = e
        elif kind == 'unknown':
            e = Event(rest, True)
            events[e.name] = e
        elif kind == 'symbol':
            symbols[rest[1]] = int(rest[0], 16)
        elif kind == 'printk':
            printk.append((rest[0], ' '.join(rest[1:])))
        elif kind == 'comm':
            comms.append('%s %s' % tuple(rest))
        elif kind == 'hook':
            hooks.append(rest[0])
        elif kind == 'page':
            for c in cpus.values():
                c.flush()
        elif kind in ('extend', 'stamp'):
            cpus.setdefault(int(rest[0]), Cpu()).gap(kind, int(rest[1]), 0)
        elif kind == 'padding':
            cpus.setdefault(int(rest[0]), Cpu()).gap(kind, int((rest + [0])[2]), int(rest[1]))
        elif kind == 'lost':
            c = cpus.setdefault(int(rest[0]), Cpu())
            c.flush()
            c.lost = int(rest[1]) if len(rest) > 1 else 0
        else:
            c = cpus.setdefault(int(kind), Cpu())
            c.add(int(rest[0]), events[rest[1]].record(int(rest[2]), rest[3:], symbols))
    for c in cpus.values():
        c.flush()
    return events, symbols, printk, comms, hooks, cpus


def sized(text, code):
    return struct.pack(E + code, len(text)) + text.encode()


def write(out, events, symbols, printk, comms, hooks, cpus):
    page = ('\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n'
            '\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n'
            '\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n'
            '\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n')
    systems = {}
    for e in events.values():
        if e.system:
            systems.setdefault(e.system, []).append(e.text())
    ftrace = systems.pop('ftrace', [])
    b = b'\x17\x08\x44tracing' + b'6\0' + (b'\1' if E == '>' else b'\0') + b'\x08'
    b += struct.pack(E + 'I', PAGE) + b'header_page\0' + sized(page, 'Q')
    b += b'header_event\0' + sized('# compressed entry header\n', 'Q')
    b += struct.pack(E + 'I', len(ftrace)) + b''.join(sized(t, 'Q') for t in ftrace)
    b += struct.pack(E + 'I', len(systems))
    for name, texts in systems.items():
        b += name.encode() + b'\0' + struct.pack(E + 'I', len(texts))
        b += b''.join(sized(t, 'Q') for t in texts)
    b += sized(''.join('%016x T %s\n' % (a, n) for n, a in symbols.items()), 'I')
    b += sized(''.join('%s : "%s"\n' % p for p in printk), 'I')
    b += sized(''.join(c + '\n' for c in comms), 'Q')
    count = max(cpus, default=0) + 1
    b += struct.pack(E + 'I', count) + b'options  \0'
    for h in hooks:
        b += struct.pack(E + 'HI', 6, len(h) + 1) + h.encode() + b'\0'
    b += struct.pack(E + 'H', 0) + b'flyrecord\0'
    at = len(b) + 16 * count
    at += -at % PAGE
    data = b''
    for cpu in range(count):
        pages = b''.join(cpus[cpu].pages) if cpu in cpus else b''
        b += struct.pack(E + 'QQ', at + len(data), len(pages))
        data += pages
    with open(out, 'wb') as f:
        f.write(b.ljust(at, b'\0') + data)


write(sys.argv[1], *read(sys.stdin))
