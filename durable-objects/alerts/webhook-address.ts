import { describe } from "../../protocol/result.ts";

/** Names that stand for the own machine or network, at a name's end. */
const PRIVATE_NAMES = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "lan",
  "home.arpa",
  "svc",
  "test",
  "onion",
];

/** Blocks that are not of the public internet: `[address, length of the prefix]` (RFC 6890 and its registry). */
const PRIVATE_BLOCKS: readonly [number, number][] = (
  [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ] as const
).map(([address, bits]) => [ipv4(address) ?? 0, bits]);

/** What is wrong with the address of a webhook, whatever the deployment allows; a sentence about `webhook`. */
export function webhookFault(text: string): string | undefined {
  if (!URL.canParse(text)) {
    return `webhook is ${describe(text)}; expected an address such as https://example.com/hooks/freshet`;
  }
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return `webhook begins with ${describe(url.protocol)}; expected https: or http:`;
  }
  if (url.username !== "" || url.password !== "") return "webhook holds a user or password; expected none";
  return undefined;
}

/**
 * Whether an address is, by how it is written, one of a private network: an IP address of no public block, or a name that
 * only means something there. What a name resolves to is not known here: see docs/alerts.md.
 *
 * @param url one that {@link webhookFault} finds nothing wrong with.
 */
export function isPrivateAddress(url: string): boolean {
  // The parser has brought every way of writing an IPv4 address (octal, hexadecimal, one number) to four parts.
  const host = new URL(url).hostname.toLowerCase().replace(/\.+$/, "");
  if (host.startsWith("[")) return isPrivateIpv6(host.slice(1, -1));
  const address = ipv4(host);
  if (address !== undefined) return isPrivateIpv4(address);
  return !host.includes(".") || PRIVATE_NAMES.some((name) => host.endsWith(`.${name}`));
}

function ipv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  return match?.slice(1).reduce((address, part) => address * 256 + Number(part), 0);
}

function isPrivateIpv4(address: number): boolean {
  return PRIVATE_BLOCKS.some(([block, bits]) => {
    const size = 2 ** (32 - bits);
    return address >= block && address < block + size;
  });
}

/** Only 2000::/3 is public, and in it not what stands for IPv4 addresses or for none. */
function isPrivateIpv6(host: string): boolean {
  const words = ipv6(host);
  const [first = 0, second = 0] = words;
  if (first === 0x2002) return isPrivateIpv4(second * 65_536 + (words[2] ?? 0));
  // Translated to an IPv4 address on the way: 64:ff9b::/96.
  if (first === 0x64 && second === 0xff9b) return isPrivateIpv4((words[6] ?? 0) * 65_536 + (words[7] ?? 0));
  if (first === 0x3fff && second < 0x1000) return true;
  return first < 0x2000 || first > 0x3fff || (first === 0x2001 && (second < 0x200 || second === 0xdb8));
}

/** Eight numbers. The URL parser writes addresses in one way only: hexadecimal, the longest run of zeros as `::`. */
function ipv6(host: string): number[] {
  const [head = "", tail] = host.split("::");
  const words = (text: string) =>
    text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16));
  if (tail === undefined) return words(head);
  const [before, after] = [words(head), words(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
