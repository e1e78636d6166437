#!/usr/bin/env python3
"""A slow link between two network namespaces, packet by packet. Needs root, /dev/net/tun and the `ip` command.

usage: link.py NS_A NS_B '{"rtt": 200, ...}'       A is the phones' side, B the server's

Each namespace gets a TUN device wl0: 10.99.0.1/30 in A, 10.99.0.2/30 in B. Keys, all optional:
  rtt, jitter          ms
  loss                 0..1, each way
  kbps_up, kbps_down   rate of the link; a packet that would wait longer than queue_ms (1000) is dropped

It says "ready" when the link is there. For each line that it reads it prints one line of JSON: packets and bytes (IP headers
included) that were put on the link so far, up and down. It ends when its standard input does.
"""
import ctypes, fcntl, heapq, json, os, random, select, struct, subprocess, sys, time

CLONE_NEWNET, TUNSETIFF = 0x40000000, 0x400454CA
IFF_TUN_WITHOUT_HEADER = 0x1001
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns')


def tun(namespace, address):
    enter(os.open('/run/netns/' + namespace, os.O_RDONLY))
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH', b'wl0', IFF_TUN_WITHOUT_HEADER))
    for command in (f'addr add {address}/30 dev wl0', 'link set wl0 mtu 1400 up', 'link set lo up'):
        subprocess.run(['ip', *command.split()], check=True)
    return fd


class Way:
    def __init__(self, config, kbps):
        self.delay, self.jitter = config.get('rtt', 0) / 2e3, config.get('jitter', 0) / 1e3
        self.loss, self.queue = config.get('loss', 0), config.get('queue_ms', 1000) / 1e3
        self.seconds_per_byte = 8 / (kbps * 1e3) if kbps else 0
        self.free = self.last = 0
        self.packets = self.bytes = 0

    def take(self, packet, now):
        """When the packet comes out; None if it is lost. Packets keep their order."""
        self.packets += 1
        self.bytes += len(packet)
        start = max(now, self.free)
        if start - now > self.queue or random.random() < self.loss:
            return None
        self.free = start + len(packet) * self.seconds_per_byte
        self.last = max(self.last, self.free + self.delay + random.random() * self.jitter)
        return self.last


def main():
    config = json.loads(sys.argv[3])
    side_a, side_b = tun(sys.argv[1], '10.99.0.1'), tun(sys.argv[2], '10.99.0.2')
    up, down = Way(config, config.get('kbps_up')), Way(config, config.get('kbps_down'))
    poll, heap, count = select.poll(), [], 0
    for fd in (side_a, side_b, sys.stdin.fileno()):
        poll.register(fd, select.POLLIN)
    print('ready', flush=True)
    while True:
        now = time.monotonic()
        while heap and heap[0][0] <= now:
            _, _, out, packet = heapq.heappop(heap)
            os.write(out, packet)
        for fd, _ in poll.poll(max(0, (heap[0][0] - now) * 1e3) if heap else None):
            if fd == sys.stdin.fileno():
                line = os.read(fd, 4096)
                if not line:
                    return
                for _ in range(line.count(b'\n')):
                    print(json.dumps({w: {'packets': x.packets, 'bytes': x.bytes} for w, x in (('up', up), ('down', down))}), flush=True)
                continue
            way, out = (up, side_b) if fd == side_a else (down, side_a)
            packet, now = os.read(fd, 2048), time.monotonic()
            if packet[0] >> 4 != 4:
                continue  # IPv6 router solicitations are no traffic of ours
            due = way.take(packet, now)
            if due is not None:
                count += 1
                heapq.heappush(heap, (due, count, out, packet))


main()
