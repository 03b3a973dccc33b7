#!/usr/bin/env python3
"""Writes small trace.dat files that tests know every byte of, and damages them.

    datfile.py build OUT [VERSION [COMPRESSION [ORDER [KIND]]]]
                                    7 or 6; none or zlib; little or big; events, latency,
                                    or kvm: a host's, whose threads 4001, 4002 ran vCPUs 0, 1
                                    of a guest; guest: has no option that is about hosts
    datfile.py damage IN OUT MARK[+N] VALUE     one change
    datfile.py damage-all OUT                   many, of lines IN|MARK[+N]|VALUE|PLACE|ANY on stdin:
                                    the I-th into OUT-I; prints I|IN|MARK|VALUE|OFFSET|ANY, where
                                    OFFSET is that of mark PLACE (empty: MARK; -: left as it is)
    datfile.py cut IN OUT MARK[+N]              the bytes before that place
    datfile.py hole IN OUT MARK BYTES...        bytes without blocks in front of each mark (MARK BYTES
                                    pairs), which pointers and sizes take into account; plain files only
    datfile.py at IN MARK[+N]                   prints that offset

Next to OUT a build writes OUT.marks: lines of a name, an offset, and ORDER. VALUE is u16:5,
u32:5, u64:5 (in the file's byte order), hex:0badcafe or text:words.
"""
import struct
import sys
import zlib

PAGE = 4096
TICK, NOTE, BLOB, ENTRY = 100, 101, 102, 103
CHUNK_PAGES = 10

HEADER_PAGE = '''\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;
'''
HEADER_EVENT = '''# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
'''
COMMON = '''\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

'''


def event_format(name, ident, fields, text):
    return f'name: {name}\nID: {ident}\nformat:\n{COMMON}{fields}\nprint fmt: {text}\n'


FTRACE = event_format('kernel_stack', 4, '\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n'
                      '\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n',
                      '"\\t=> %ps", (void *)REC->caller[0]')
FORMATS = [
    event_format('tick', TICK, '\tfield:int value;\toffset:8;\tsize:4;\tsigned:1;\n',
                 '"value=%d", REC->value'),
    event_format('note', NOTE, '\tfield:__data_loc char[] text;\toffset:8;\tsize:4;\tsigned:1;\n',
                 '"text=%s", __get_str(text)'),
    event_format('blob', BLOB, '\tfield:char bytes[128];\toffset:8;\tsize:128;\tsigned:0;\n',
                 '"bytes=%s", REC->bytes'),
]
KVM = [event_format('kvm_entry', ENTRY, '\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n',
                    '"vcpu %u", REC->vcpu_id')]
KALLSYMS = 'ffffffff81000000 T _text\nffffffff81000100 t helper\t[mod]\nffffffff82000000 D jiffies\n'
PRINTK = '0xffffffff82000000 : "hello %d\\n"\n0xffffffff82000010 : "bye\\n"\n'
CMDLINES = '1 init\n42 answer\n'
LATENCY = '# tracer: wakeup\n#\n  answer-42  0d... 1us : something happened\n'


class Writer:
    """Bytes in one order, with names for places in them."""

    def __init__(self, order):
        self.sign = '<' if order == 'little' else '>'
        self.big = order == 'big'
        self.data = bytearray()
        self.marks = {}

    def mark(self, name):
        self.marks[name] = len(self.data)

    def put(self, fmt, *values):
        self.data += struct.pack(self.sign + fmt, *values)

    def raw(self, data):
        self.data += data.encode() if isinstance(data, str) else data

    def cstr(self, text):
        self.raw(text + '\0')

    def patch(self, fmt, name, value):
        struct.pack_into(self.sign + fmt, self.data, self.marks[name], value)

    def align(self, size):
        self.data += bytes(-len(self.data) % size)

    def sub(self):
        return Writer('big' if self.big else 'little')

    def include(self, other):
        """All of another one's bytes, with its marks."""
        for name, pos in other.marks.items():
            self.marks[name] = len(self.data) + pos
        self.data += other.data


# --- pages

def entry(w, type_len, delta):
    w.put('I', type_len << 27 | delta if w.big else delta << 5 | type_len)


def page(w, name, when, events, lost=None):
    """A page; each event is (delta, id, value)."""
    w.mark(name)
    start = len(w.data)
    w.put('QQ', when, 0)
    for i, (delta, ident, value) in enumerate(events):
        w.mark(f'{name}.event{i}')
        if ident == TICK:
            entry(w, 3, delta)
            w.put('HBBii', TICK, 0, 0, 42, value)
        elif ident == ENTRY:
            entry(w, 3, delta)
            vcpu = value // 10 % 2
            w.put('HBBii', ENTRY, 0, 0, 4001 + vcpu, vcpu)
        elif ident == NOTE:
            entry(w, 5, delta)
            text = f'{value:07d}\0'.encode()
            w.put('HBBi', NOTE, 0, 0, 42)
            w.put('I', len(text) << 16 | 12)
            w.raw(text)
        else:
            entry(w, 0, delta)
            w.put('I', 4 + 136)
            w.put('HBBi', BLOB, 0, 0, 42)
            w.raw(f'{value:0127d}\0')
    size = len(w.data) - start - 16
    commit = size
    if lost is not None:
        commit |= 0xc0000000 | 0xffffffff00000000
        w.put('Q', lost)
    struct.pack_into(w.sign + 'Q', w.data, start + 8, commit)
    w.data += bytes(start + PAGE - len(w.data))


def cpu_pages(order, cpu, prefix, kind):
    """The pages of a CPU as separate writers."""
    pages = []
    other = ENTRY if kind == 'kvm' else TICK
    for i in range(12 if cpu == 0 else 1):
        w = Writer(order)
        kinds = [TICK, NOTE, other, BLOB, TICK]
        events = [(0 if k == 0 else 10, kind, i * 10 + k) for k, kind in enumerate(kinds)]
        page(w, f'{prefix}cpu{cpu}.page{i}', 1000000 + i * 1000 + cpu * 100, events,
             97 if (cpu, i) == (0, 2) else None)
        pages.append(w)
    return pages


# --- metadata

def formats(w, name, texts):
    for i, text in enumerate(texts):
        w.mark(f'{name}.size{i}')
        w.put('Q', len(text))
        w.mark(f'{name}.text{i}')
        w.raw(text)


def metadata(order, kind):
    """The parts in the order of version 6: id, description, writer."""
    parts = []

    def part(ident, description, name):
        w = Writer(order)
        w.mark(name)
        parts.append((ident, description, w))
        return w
    w = part(16, 'headers', 'headers')
    w.cstr('header_page')
    w.put('Q', len(HEADER_PAGE))
    w.raw(HEADER_PAGE)
    w.mark('header_event')
    w.cstr('header_event')
    w.put('Q', len(HEADER_EVENT))
    w.raw(HEADER_EVENT)
    w = part(17, 'ftrace events', 'ftrace')
    w.put('I', 1)
    formats(w, 'ftrace', [FTRACE])
    w = part(18, 'events format', 'formats')
    w.put('I', 2 if kind == 'kvm' else 1)
    w.mark('formats.system')
    w.cstr('test')
    w.mark('formats.count')
    w.put('I', len(FORMATS))
    formats(w, 'formats', FORMATS)
    if kind == 'kvm':
        w.cstr('kvm')
        w.put('I', len(KVM))
        formats(w, 'kvm', KVM)
    for ident, description, name, fmt, text in (
            (19, 'kallsyms', 'kallsyms', 'I', KALLSYMS), (20, 'printk', 'printk', 'I', PRINTK),
            (21, 'command lines', 'cmdlines', 'Q', CMDLINES)):
        w = part(ident, description, name)
        w.put(fmt, len(text))
        w.mark(name + '.text')
        w.raw(text)
    return parts


def option_list(w, version, kind):
    """Every kind of option; each is marked opt.NAME at its payload."""
    def option(name, ident, payload):
        w.put('H', ident)
        w.mark(f'opt.{name}.size')
        data = payload.encode() + b'\0' if isinstance(payload, str) else payload
        w.put('I', len(data))
        w.mark(f'opt.{name}')
        w.raw(data)
    pack = lambda fmt, *v: struct.pack(w.sign + fmt, *v)    # noqa: E731
    option('date', 1, '0x12d687')
    option('clock', 4, '[local] global counter\n')
    option('hook', 6, 'sched_switch,next_pid/sched_switch,prev_pid,S')
    option('uname', 5, 'Linux host 6.1 x86_64')
    option('version', 9, '3.1.6 none')
    option('traceid', 11, pack('Q', 0x99aabbccddeeff00 if kind == 'guest' else 0x1122334455667788))
    option('cpustat', 2, 'CPU: 0\nentries: 0\noverrun: 0\n')
    option('cpustat1', 2, 'CPU: 1\nentries: 0\noverrun: 0\n')
    option('maps', 10, '2a 2 /bin/answer\n1000 2000 /bin/answer\n3000 5000 /lib/libc.so\n')
    if kind == 'events':
        host_options(option, pack)
    option('offset', 7, '-12345')
    option('unknown', 77, b'abc')
    if version == 7:
        option('cpus', 8, pack('I', 2))


def host_options(option, pack):
    """Those about hosts and guests."""
    option('shift', 12, pack('QII', 0x55, 1, 2) + b''.join(
        pack('I2q2q2q', 2, 1000, 2000, 100, 201, 1, 1) for _ in range(2)) + pack('4q', 0, 0, 0, 0))
    option('guest', 13, b'box\0' + pack('QIIiIi', 0x77, 2, 0, 4001, 1, 4002))
    option('tsc', 14, pack('IIQ', 1, 0, 0))


# --- version 7

class Sections:
    def __init__(self, w, compression):
        self.w, self.zip = w, compression == 'zlib'
        self.strings = bytearray()

    def head(self, ident, text, compressed, name):
        w = self.w
        w.mark(f'section.{name}')
        w.put('HHi', ident, int(compressed), len(self.strings))
        self.strings += text.encode() + b'\0'
        w.mark(f'section.{name}.size')
        w.put('Q', 0)

    def end(self, name):
        w = self.w
        w.patch('Q', f'section.{name}.size', len(w.data) - w.marks[f'section.{name}.size'] - 8)

    def block(self, ident, text, part, name):
        """A metadata section; compressed ones keep the marks of what is unpacked to themselves."""
        self.head(ident, text, self.zip, name)
        w = self.w
        if self.zip:
            packed = zlib.compress(bytes(part.data), 9)
            w.mark(f'packed.{name}')
            w.put('II', len(packed), len(part.data))
            w.raw(packed)
        else:
            w.include(part)
        self.end(name)

    def options(self, part, name):
        w = self.w
        w.patch('Q', 'next', len(w.data))
        self.head(0, 'options', False, name)
        w.include(part)
        w.mark(f'done.{name}')
        w.put('HI', 0, 8)
        w.mark('next')
        w.mark(f'next.{name}')
        w.put('Q', 0)
        w.mark(f'end.{name}')
        self.end(name)

    def cpu(self, pages, name):
        """The data of a CPU; its offset and size."""
        w = self.w
        w.align(PAGE)
        start = len(w.data)
        w.mark(name)
        if not self.zip:
            for one in pages:
                w.include(one)
            return start, len(w.data) - start
        w.put('I', -(-len(pages) // CHUNK_PAGES))
        for k in range(0, len(pages), CHUNK_PAGES):
            data = b''.join(bytes(one.data) for one in pages[k:k + CHUNK_PAGES])
            packed = zlib.compress(data, 9)
            w.mark(f'{name}.chunk{k // CHUNK_PAGES}')
            w.put('II', len(packed), len(data))
            w.raw(packed)
        return start, len(w.data) - start


def buffer7(s, order, name, kind):
    """A buffer of two CPUs and the option that announces it; "" is the top one."""
    prefix = name and name + '.'
    label = name or 'top'
    s.head(3, 'buffer flyrecord ' + name, s.zip, label)
    where = [s.cpu(cpu_pages(order, cpu, prefix, kind), f'{prefix}data{cpu}') for cpu in range(2)]
    s.end(label)
    w = s.w.sub()
    w.mark(f'opt.{label}.id')
    w.put('H', 3)
    w.mark(f'opt.{label}.size')
    w.put('I', 8 + len(name) + 1 + 6 + 8 + 2 * 20)
    w.mark(f'opt.{label}')
    w.put('Q', s.w.marks[f'section.{label}'])
    w.cstr(name)
    w.cstr('local')
    w.mark(f'opt.{label}.page')
    w.put('II', PAGE, 2)
    for cpu, (start, size) in enumerate(where):
        w.mark(f'opt.{label}.cpu{cpu}')
        w.put('I', cpu)
        w.mark(f'opt.{label}.offset{cpu}')
        w.put('Q', start)
        w.mark(f'opt.{label}.length{cpu}')
        w.put('Q', size)
    s.options(w, f'options.{label}')


def latency7(s):
    w = s.w.sub()
    where = len(s.w.data)
    s.head(22, 'buffer latency', s.zip, 'latency')
    if s.zip:
        packed = zlib.compress(LATENCY.encode(), 9)
        s.w.put('III', 1, len(packed), len(LATENCY))
        s.w.mark('latency.packed')
        s.w.raw(packed)
    else:
        s.w.raw(LATENCY)
    s.end('latency')
    w.put('HIQ', 22, 8 + 1 + 6, where)
    w.cstr('')
    w.cstr('local')
    s.options(w, 'options.latency')


def build7(w, order, compression, kind):
    w.mark('compression')
    w.cstr(compression)
    w.cstr(zlib.ZLIB_RUNTIME_VERSION if compression == 'zlib' else '')
    w.mark('first')
    w.mark('next')
    w.put('Q', 0)
    s = Sections(w, compression)
    options = w.sub()
    for ident, text, part in metadata(order, kind):
        name = text.split()[0] if ident != 18 else 'formats'
        options.put('HI', ident, 8)
        options.mark(f'opt.{name}')
        options.put('Q', len(w.data))
        s.block(ident, text, part, name)
    option_list(options, 7, kind)
    s.options(options, 'options')
    if kind == 'latency':
        latency7(s)
    else:
        buffer7(s, order, '', kind)
        buffer7(s, order, 'inst', kind)
    strings = w.sub()
    strings.mark('strings')
    strings.raw(bytes(s.strings) + b'strings\0')
    s.block(15, 'strings', strings, 'strings')


# --- version 6

def table6(w, order, name, kind):
    prefix = name and name + '.'
    label = name or 'top'
    w.mark(f'tag.{label}')
    w.cstr('flyrecord')
    for cpu in range(2):
        w.mark(f'table.{label}.offset{cpu}')
        w.put('Q', 0)
        w.mark(f'table.{label}.length{cpu}')
        w.put('Q', 0)
    w.mark(f'clock.{label}')
    w.put('Q', 7)
    w.raw('[local]')
    for cpu in range(2):
        w.align(PAGE)
        w.patch('Q', f'table.{label}.offset{cpu}', len(w.data))
        start = len(w.data)
        for one in cpu_pages(order, cpu, prefix, kind):
            w.include(one)
        w.patch('Q', f'table.{label}.length{cpu}', len(w.data) - start)


def build6(w, order, kind):
    for _, _, part in metadata(order, kind):
        w.include(part)
    w.mark('cpus')
    w.put('I', 2)
    w.mark('tag.options')
    w.cstr('options  ')
    if kind != 'latency':       # whose recorder writes no options
        option_list(w, 6, kind)
        w.put('HI', 3, 8 + 5)
        w.mark('opt.inst')
        w.put('Q', 0)
        w.cstr('inst')
    w.mark('end.options')
    w.put('H', 0)
    if kind == 'latency':
        w.cstr('latency  ')
        w.raw(LATENCY)
        return
    table6(w, order, '', kind)
    w.patch('Q', 'opt.inst', len(w.data))
    table6(w, order, 'inst', kind)


def build(out, version='7', compression='none', order='little', kind='events'):
    w = Writer(order)
    w.mark('magic')
    w.raw(b'\x17\x08\x44tracing')
    w.mark('version')
    w.cstr(version)
    w.mark('order')
    w.put('BB', int(order == 'big'), 8)
    w.mark('page')
    w.put('I', PAGE)
    if version == '7':
        build7(w, order, compression, kind)
    else:
        build6(w, order, kind)
    w.mark('eof')
    with open(out, 'wb') as f:
        f.write(w.data)
    with open(out + '.marks', 'w', encoding='ascii') as f:
        f.write(f'ORDER {order}\n')
        f.writelines(f'{name} {pos}\n' for name, pos in w.marks.items())


# --- damage

def place(path, where):
    marks = dict(line.split() for line in open(path + '.marks', encoding='ascii'))
    name, _, more = where.partition('+')
    return marks['ORDER'], int(marks[name]) + int(more or 0)


def value_bytes(order, value):
    kind, _, text = value.partition(':')
    if kind == 'hex':
        return bytes.fromhex(text)
    if kind == 'text':
        return text.encode()
    return int(text, 0).to_bytes(int(kind[1:]) // 8, order)


def damage(src, out, where, value):
    order, pos = place(src, where)
    with open(src, 'rb') as f:
        data = bytearray(f.read())
    patch = value_bytes(order, value)
    if data[pos:pos + len(patch)] == patch or pos + len(patch) > len(data):
        sys.exit(f'datfile.py: {where}: {value} changes nothing')
    data[pos:pos + len(patch)] = patch
    with open(out, 'wb') as f:
        f.write(data)


def damage_all(out):
    for i, line in enumerate(sys.stdin):
        src, where, value, mark, rest = line.rstrip('\n').split('|', 4)
        damage(src, f'{out}-{i}', where, value)
        at = mark if mark == '-' else place(src, mark or where)[1]
        print(f'{i}|{src}|{where}|{value}|{at}|{rest}')


def cut(src, out, where):
    _, pos = place(src, where)
    with open(src, 'rb') as f, open(out, 'wb') as g:
        g.write(f.read(pos))


def hole(src, out, *where):
    """Make a file sparse, and as large as one likes."""
    lines = dict(line.split() for line in open(src + '.marks', encoding='ascii'))
    sign = '<' if lines.pop('ORDER') == 'little' else '>'
    marks = {name: int(pos) for name, pos in lines.items()}
    holes = [(marks[name], int(size)) for name, size in zip(where[::2], where[1::2])]
    with open(src, 'rb') as f:
        data = bytearray(f.read())

    def start(pos):
        return pos + sum(size for at, size in holes if at <= pos)

    def end(pos):
        return pos + sum(size for at, size in holes if at < pos)

    def fix(pos, change):
        value = struct.unpack_from(sign + 'Q', data, pos)[0]
        struct.pack_into(sign + 'Q', data, pos, change(value))
        return value

    for name, pos in marks.items():
        words = name.split('.')
        if name.startswith('section.') and words[-1] == 'size':
            fix(pos, lambda v, p=pos: end(p + 8 + v) - start(p + 8))
        elif name == 'first' or words[0] == 'next' and words[1:]:
            fix(pos, lambda v: v and start(v))
        elif name in ('opt.top', 'opt.inst'):
            fix(pos, start)
        elif words[0] in ('opt', 'table') and words[-1].startswith('offset') and words[2:]:
            old = fix(pos, start)
            fix(marks[name.replace('offset', 'length')], lambda v, o=old: end(o + v) - start(o))
    with open(out, 'wb') as f:
        last = 0
        for at in sorted({at for at, _ in holes} | {len(data)}):
            f.seek(start(last))
            f.write(data[last:at])
            last = at


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == 'at':
        print(place(*args)[1])
    else:
        {'build': build, 'damage': damage, 'damage-all': damage_all, 'cut': cut,
         'hole': hole}[command](*args)


if __name__ == '__main__':
    main()
