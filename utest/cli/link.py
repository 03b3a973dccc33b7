#!/usr/bin/env python3
"""A bad network between a host and an agent.

    link.py PORT AGENT-PORT

Listens on PORT of loopback and hands everything on to the agent at AGENT-PORT, and back; the ports
that the agent announces for data and clocks are replaced by some of its own. SIGUSR1 cuts all connections
for good, SIGUSR2 lets one byte a second through on each but the first, the one for control.
"""
import asyncio
import signal
import socket
import struct
import sys

HEADER = struct.Struct('>III')
TRACE_RESP = 7
RESP_TSYNC_PORT = 36    # in its fixed part


class Link:
    def __init__(self):
        self.slow = False
        self.writers = set()

    def cut(self):
        for w in self.writers:
            # a reset, not an end of stream
            w.get_extra_info('socket').setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            w.transport.abort()
        asyncio.get_running_loop().stop()

    async def send(self, writer, data, control):
        while data:
            slow = self.slow and not control
            part = data[:1] if slow else data
            writer.write(part)
            await writer.drain()
            data = data[len(part):]
            if slow:
                await asyncio.sleep(1)

    async def pump(self, reader, writer, control):
        try:
            while data := await reader.read(65536):
                await self.send(writer, data, control)
            writer.write_eof()
        except OSError:
            pass

    async def own_port(self, port):
        server = await asyncio.start_server(lambda r, w: self.connected(r, w, port, False), '127.0.0.1', 0)
        return server.sockets[0].getsockname()[1]

    async def response(self, reader, writer):
        """The agent's first message, with other ports."""
        head = await reader.readexactly(HEADER.size)
        size, cmd, fixed = HEADER.unpack(head)
        body = bytearray(await reader.readexactly(size - HEADER.size))
        if cmd == TRACE_RESP:
            tsync = struct.unpack_from('>I', body, RESP_TSYNC_PORT)[0]
            if tsync:
                struct.pack_into('>I', body, RESP_TSYNC_PORT, await self.own_port(tsync))
            ports = [await self.own_port(int(p)) for p in body[fixed:].split(b'\0')[:-1]]
            body[fixed:] = b''.join(b'%d\0' % p for p in ports)
            head = HEADER.pack(HEADER.size + len(body), cmd, fixed)
        await self.send(writer, head + bytes(body), True)

    async def connected(self, reader, writer, port, control):
        try:
            far_reader, far_writer = await asyncio.open_connection('127.0.0.1', port)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, far_writer}
        for w in (writer, far_writer):
            w.get_extra_info('socket').setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        there = asyncio.create_task(self.pump(reader, far_writer, control))
        try:
            if control:
                await self.response(far_reader, writer)
            await self.pump(far_reader, writer, control)
            await there
        except (OSError, asyncio.IncompleteReadError):
            pass
        for w in (writer, far_writer):
            self.writers.discard(w)
            w.close()


async def main(port, agent_port):
    link = Link()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, link.cut)
    loop.add_signal_handler(signal.SIGUSR2, lambda: setattr(link, 'slow', True))
    server = await asyncio.start_server(lambda r, w: link.connected(r, w, agent_port, True), '127.0.0.1', port)
    await server.serve_forever()


try:
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
except RuntimeError:
    pass    # the loop was stopped: cut
