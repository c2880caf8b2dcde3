/** Time a core has spent since boot, in any one unit. */
export interface CoreTimes {
  core: string;
  busy: number;
  total: number;
}

/** Bytes an interface has carried since it came up. */
export interface InterfaceBytes {
  name: string;
  inBytes: number;
  outBytes: number;
}

/** A file system on a disk of this machine. */
export interface Mount {
  device: string;
  path: string;
}

/** Reads the cores' lines of Linux's `/proc/stat`; the sum over all cores is left out. */
export function parseProcStat(text: string): CoreTimes[] {
  const cores: CoreTimes[] = [];
  for (const line of text.split("\n")) {
    const match = /^cpu(\d+) (.*)$/.exec(line);
    if (!match) continue;
    // user nice system idle iowait irq softirq steal; guest times after these are part of user and nice.
    const times = (match[2] ?? "").trim().split(/\s+/).slice(0, 8).map(Number);
    const total = times.reduce((sum, time) => sum + time, 0);
    cores.push({ core: match[1] ?? "", busy: total - (times[3] ?? 0) - (times[4] ?? 0), total });
  }
  return cores;
}

/** Interfaces that only repeat what others carry: the inner ends of container networks. */
const INNER_INTERFACE = /^(veth.*|docker\d*|br-.*|virbr.*|cni.*|ifb\d*)$/;

/** Reads Linux's `/proc/net/dev`. */
export function parseProcNetDev(text: string): InterfaceBytes[] {
  const interfaces: InterfaceBytes[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    const numbers = (match?.[2] ?? "").trim().split(/\s+/).map(Number);
    addInterface(interfaces, match?.[1], numbers[0], numbers[8]);
  }
  return interfaces;
}

/** Reads what `netstat -ibn` prints on macOS, whose address column may be empty: numbers count from the line's end. */
export function parseNetstat(text: string): InterfaceBytes[] {
  const interfaces: InterfaceBytes[] = [];
  for (const line of text.split("\n")) {
    const columns = line.trim().split(/\s+/);
    if (!line.includes("<Link#")) continue;
    addInterface(interfaces, columns[0], Number(columns.at(-5)), Number(columns.at(-2)));
  }
  return interfaces;
}

function addInterface(
  list: InterfaceBytes[],
  name: string | undefined,
  inBytes: number | undefined,
  outBytes: number | undefined,
): void {
  if (name === undefined || INNER_INTERFACE.test(name)) return;
  if (inBytes === undefined || outBytes === undefined || !(inBytes + outBytes > 0)) return;
  list.push({ name, inBytes, outBytes });
}

/** File systems on disks. Network ones are left out: asking one whose server is away blocks. */
const DISK_TYPES = new Set([
  "ext2",
  "ext3",
  "ext4",
  "xfs",
  "btrfs",
  "zfs",
  "f2fs",
  "bcachefs",
  "vfat",
  "ntfs3",
]);

/** Reads Linux's `/proc/mounts`: `/` whatever it is (in a container, an overlay) and each disk where it is mounted first. */
export function parseProcMounts(text: string): Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const line of text.split("\n")) {
    const [device = "", escaped = "", type = ""] = line.split(" ");
    const path = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    if (path !== "/" && !DISK_TYPES.has(type)) continue;
    if (!byDevice.has(device)) byDevice.set(device, { device, path });
  }
  return [...byDevice.values()];
}
