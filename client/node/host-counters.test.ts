import { expect, test } from "vitest";
import { parseNetstat, parseProcMounts, parseProcNetDev, parseProcStat } from "./host-counters.ts";

test("[I8] /proc/stat: waiting for a disk is not busy, and guests are counted once", () => {
  const text = `cpu  30 0 20 140 10 0 0 0 5 0
cpu0 10 1 10 70 5 1 2 1 5 0
cpu1 20 0 10 70 5 0 0 0 0 0
intr 476492 0 0
ctxt 1990473
`;
  expect(parseProcStat(text)).toEqual([
    { core: "0", busy: 25, total: 100 },
    { core: "1", busy: 30, total: 105 },
  ]);
});

test("[I8] /proc/net/dev: interfaces that carry something, without the inner ones of containers", () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:   46308     406    0    0    0     0          0         0    46308     406    0    0    0     0       0          0
  ifb0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0:700870286   18415    0    0    0     0          0         0  1491017   11586    0    0    0     0       0          0
veth12:     500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0
 wlan0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
`;
  expect(parseProcNetDev(text)).toEqual([
    { name: "lo", inBytes: 46_308, outBytes: 46_308 },
    { name: "eth0", inBytes: 700_870_286, outBytes: 1_491_017 },
  ]);
});

test("[I8] netstat of macOS: links only, with or without an address", () => {
  const text = `Name       Mtu   Network       Address            Ipkts Ierrs     Ibytes    Opkts Oerrs     Obytes  Coll
lo0        16384 <Link#1>                        120     0      48000      120     0      48000     0
lo0        16384 127           127.0.0.1         120     -      48000      120     -      48000     -
en0        1500  <Link#11>   f0:18:98:01:02:03 99000     0  120000000    45000     0    9000000     0
en0        1500  192.168.1     192.168.1.20    99000     -  120000000    45000     -    9000000     -
utun0      1380  <Link#15>                         0     0          0        0     0          0     0
`;
  expect(parseNetstat(text)).toEqual([
    { name: "lo0", inBytes: 48_000, outBytes: 48_000 },
    { name: "en0", inBytes: 120_000_000, outBytes: 9_000_000 },
  ]);
});

test("[I8] /proc/mounts: each disk once, the root whatever it is, no network or memory", () => {
  const text = `proc /proc proc rw,relatime 0 0
overlay / overlay rw,relatime 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/sda1 /data\\040one ext4 rw 0 0
/dev/sda1 /data/bound ext4 rw 0 0
/dev/loop3 /snap/core squashfs ro 0 0
server:/home /home nfs4 rw 0 0
/dev/nvme0n1p2 /home/me xfs rw 0 0
`;
  expect(parseProcMounts(text).map(({ path }) => path)).toEqual(["/", "/data one", "/home/me"]);
});

test("[I8] nothing in, nothing out", () => {
  for (const parse of [parseNetstat, parseProcMounts, parseProcNetDev, parseProcStat]) {
    expect(parse("")).toEqual([]);
    expect(parse("\n \nnonsense: x y\n")).toEqual([]);
  }
});
