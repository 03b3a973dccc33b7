#!/usr/bin/env python3
"""Writes the files of a host and its guest whose clocks differ by a number that is known.

    kvmfiles.py HOST GUEST [NAME=NUMBER...]

The host's file has the kvm_exit and kvm_entry events of two vCPUs that are in the guest for up to 60 us and
out of it for up to 20 us; the guest's has events at the beginning, in the midst and at the
end of these times. Numbers, those of times in ns:
    theta=5000000       host clock - guest clock, the truth
    mid=THETA           the offset that the guest's file states
    lo=MID-40000 hi=MID+40000   and the bounds
    stated=1            0: without bounds, as other programs write it
    method=ptp          the protocol, a word, and
    source=1            what limits the bounds (4: KVM's numbers)
    first_offset=MID    the offset at the first measurement
    version=7           of the guest's file
    instance=0          1: the guest's events are in its file's instance
    kvm=1               0: the host's file has no events of KVM
    step=0              so far the guest's clock goes forth in the midst
    told=0              1: the guest's file knows that there was a step, and the host's has the events kvm_write_tsc_offset
                        of both vCPUs; 2: of one
    unsure=0            1: the guest's file has two comparisons, and that one looks like a step of the other, or
                        like another rate (flag 4)
    slope=0             1: it is a rate: the guest's clock gains the step from the one comparison to the other
    skew=0              so much more are the offsets of kvm_write_tsc_offset
    rho=200000          by how much rates may differ, ppb; of one TSC 0
    clock=local         of both, a word
    windows=400         of each vCPU
    packets=0           so many vsock packets each way, each 700 ns under way
    early=0             so much earlier they arrive
    host_id=0x1122334455667788  trace id of the host's file, by the guest's
    seed=1
"""
import random
import struct
import sys

import datfile

EXIT, ENTRY, SENT, GOT, MOVED = 110, 103, 111, 112, 113
VSOCK_FIELDS = ''.join(f'\tfield:__u{8 * size} {name};\toffset:{at};\tsize:{size};\tsigned:0;\n'
                       for name, at, size in (('src_cid', 8, 4), ('src_port', 12, 4), ('dst_cid', 16, 4),
                                              ('dst_port', 20, 4), ('len', 24, 4), ('type', 28, 2),
                                              ('op', 30, 2), ('flags', 32, 4)))
VSOCK = [datfile.event_format(name, ident, VSOCK_FIELDS, '"len=%u", REC->len')
         for name, ident in (('virtio_transport_alloc_pkt', SENT), ('virtio_transport_recv_pkt', GOT))]
VCPU = '\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n'
KVM = [datfile.event_format(name, ident, VCPU, '"vcpu %u", REC->vcpu_id')
       for name, ident in (('kvm_entry', ENTRY), ('kvm_exit', EXIT))]
KVM.append(datfile.event_format('kvm_write_tsc_offset', MOVED, VCPU + ''.join(
    f'\tfield:__u64 {name}_tsc_offset;\toffset:{at};\tsize:8;\tsigned:0;\n'
    for name, at in (('previous', 16), ('next', 24))), '"vcpu=%u", REC->vcpu_id'))
NUMBERS = {'theta': 5000000, 'mid': None, 'lo': None, 'hi': None, 'stated': 1, 'kvm': 1, 'step': 0,
           'windows': 400, 'packets': 0, 'early': 0, 'host_id': 0x1122334455667788, 'seed': 1,
           'method': 'ptp', 'source': 1, 'first_offset': None, 'version': 7,
           'instance': 0, 'told': 0, 'unsure': 0, 'slope': 0, 'rho': 200000, 'skew': 0, 'clock': 'local'}
HOST_ID, GUEST_ID = 0x1122334455667788, 0x99aabbccddeeff00
START = 1000000000


def make(n):
    """Events of both: two lists, host and guest, of lists by CPU of (time, id, value or packet)."""
    rng = random.Random(n['seed'])
    host, guest = [[], []], [[], []]
    midst = START + n['windows'] * 20000
    for cpu in range(2):
        moved = 0
        now = START + rng.randrange(10000)
        for window in range(n['windows']):
            start, end = now, now + rng.randrange(600, 60000)
            host[cpu] += [(start, ENTRY, cpu), (end, EXIT, cpu)]
            inside = sorted([start + rng.randrange(100, 300), rng.randrange(start + 100, end - 100),
                             end - rng.randrange(150, 300)])
            step = n['step'] if start >= midst else 0
            if step and n['told'] and not moved and (cpu == 0 or n['told'] == 1):
                host[cpu].append((start - 50, MOVED, (cpu, n['skew'] - n['theta'], n['skew'] + step - n['theta'])))
            moved = moved or step
            step = 0 if n['slope'] else step
            guest[cpu] += [(at - n['theta'] + step, datfile.TICK, window) for at in inside]
            now = end + rng.randrange(300, 20000)
    if n['slope']:
        gain(n, guest)
    ticks = [when for when, _, _ in guest[0]]
    late = 700 - n['early']
    for i in range(n['packets']):
        # at times that the guest runs
        out, back, length = ticks[6 * i], ticks[6 * i + 3], 1 + rng.randrange(1000)
        there, here = (3, 9, 2, 5, length), (2, 5, 3, 9, length)
        guest[0] += [(out, SENT, there), (back, GOT, here)]
        host[1] += [(out + n['theta'] + late, GOT, there), (back + n['theta'] - late, SENT, here)]
    return [[sorted(cpu) for cpu in side] for side in (host, guest)]


def gain(n, guest):
    """Times of a clock of another rate: nothing at a quarter of all times, the step at three quarters."""
    times = [when for cpu in guest for when, _, _ in cpu]
    first, span = min(times), max(times) - min(times)
    for cpu, events in enumerate(guest):
        guest[cpu] = [(when + (4 * (when - first) - span) * n['step'] // (2 * span), ident, value)
                      for when, ident, value in events]


def pages(order, events, prefix, cpu):
    """The pages of a CPU as writers."""
    done = []
    for first in range(0, max(len(events), 1), 80):
        part = events[first:first + 80]
        w = datfile.Writer(order)
        w.mark(f'{prefix}cpu{cpu}.page{len(done)}')
        last = part[0][0] if part else START
        w.put('QQ', last, 0)
        for when, ident, value in part:
            packet = ident in (SENT, GOT)
            datfile.entry(w, 9 if packet else 8 if ident == MOVED else 3, when - last)
            last = when
            vcpu = value[0] if ident == MOVED else value
            w.put('HBBi', ident, 0, 0, 4001 + vcpu if ident in (ENTRY, EXIT, MOVED) else 42)
            if ident == MOVED:
                w.put('IIqq', vcpu, 0, *value[1:])
            elif packet:
                w.put('IIIIIHHI', *value, 1, 5, 0)
            else:
                w.put('i', value)
        struct.pack_into(w.sign + 'Q', w.data, 8, len(w.data) - 16)
        w.data += bytes(datfile.PAGE - len(w.data))
        done.append(w)
    return done


def tsync(pack, n, first, last):
    """The option that states the bounds."""
    head = pack('IIQIIqqqqq', 1, 5 if n['unsure'] else 1, n['host_id'], 3, 1017, 9000, 12000, 40, 1, n['rho'])
    clocks = (n['clock'] + '\0').encode() * 2

    def segment(start, end, reach, moved, flags, slopes=(0, 0)):
        lo, hi = n['lo'] - moved, n['hi'] - moved
        return pack('12qIIBB6x', start, end, *reach, n['first_offset'] - moved, 0, *slopes, lo, hi, lo, hi, flags, 20,
                    n['source'], n['source'])
    ends = (-2**63, 2**63 - 1)
    segments = [segment(first, last, ends, 0, 1)]
    if n['told']:
        a, b = quarters(first, last)
        segments = [segment(first, a, (ends[0], b), 0, 1), segment(b, last, (a, ends[1]), n['step'], 3)]
    if n['unsure']:
        a, b = quarters(first, last)
        steepest = [(gained - n['step'] << 48) // (b - a) for gained in (n['lo'] - n['hi'], n['hi'] - n['lo'])]
        slopes = min(steepest + [0]), max(steepest + [0]) + 1
        segments = [segment(a, a, (ends[0], b), 0, 1, slopes), segment(b, b, (a, ends[1]), n['step'], 3, slopes)]
    return (head + n['method'].encode() + b'\0' + clocks + pack('IIII', 0, 1, 0, len(segments)) + b''.join(segments)
            + pack('I', 0))


def quarters(first, last):
    """When clocks were compared, between the ends."""
    return first + (last - first) // 4, last - (last - first) // 4


def samples(pack, n, first, last):
    """Those of a CPU in the TimeShift option."""
    if not n['told'] and not n['unsure']:
        return pack('I2q2q2q', 2, first, last, n['mid'], n['mid'], 1, 1)
    after = n['mid'] - n['step']
    return pack('I4q4q4q', 4, first, *quarters(first, last), last, n['mid'], n['mid'], after, after, 1, 1, 1, 1)


def write(path, n, events, host):
    """One of the files, by the functions that make those of datfile.py."""
    times = [when for cpu in events for when, _, _ in cpu]

    def options(w, version, kind):
        pack = lambda fmt, *v: struct.pack(w.sign + fmt, *v)    # noqa: E731

        def option(ident, payload):
            w.put('HI', ident, len(payload))
            w.raw(payload)
        option(4, f'[{n["clock"]}] global\0'.encode())
        option(8, pack('I', 2))
        if host:
            option(11, pack('Q', HOST_ID))
            option(13, b'box\0' + pack('QIIiIi', GUEST_ID, 2, 0, 4001, 1, 4002))
            return
        option(11, pack('Q', GUEST_ID))
        option(12, pack('QII', n['host_id'], 1, 2) + samples(pack, n, min(times), max(times)) * 2
              + bytes(64 if n['told'] or n['unsure'] else 32))
        if n['stated']:
            option(0xc10c, tsync(pack, n, min(times), max(times)))
    datfile.option_list = options
    datfile.KVM = (KVM if host and n['kvm'] else []) + VSOCK
    datfile.cpu_pages = lambda order, cpu, prefix, kind: pages(
        order, events[cpu] if bool(prefix) == (not host and n['instance'] != 0) else [], prefix, cpu)
    datfile.build(path, '7' if host else str(n['version']), 'none', 'little', 'kvm')


def main():
    n = dict(NUMBERS)
    for word in sys.argv[3:]:
        name, value = word.split('=')
        if name not in n:
            sys.exit(f'kvmfiles.py: {name}? There are {" ".join(n)}')
        n[name] = value if name in ('method', 'clock') else int(value, 0)
    n['mid'] = n['theta'] if n['mid'] is None else n['mid']
    n['first_offset'] = n['mid'] if n['first_offset'] is None else n['first_offset']
    n['lo'] = n['mid'] - 40000 if n['lo'] is None else n['lo']
    n['hi'] = n['mid'] + 40000 if n['hi'] is None else n['hi']
    host, guest = make(n)
    write(sys.argv[1], n, host, True)
    write(sys.argv[2], n, guest, False)


if __name__ == '__main__':
    main()
