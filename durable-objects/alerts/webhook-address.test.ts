import { describe, expect, it } from "vitest";
import { isPrivateAddress, webhookFault } from "./webhook-address.ts";

describe("[A1] addresses of webhooks", () => {
  it.each([
    "http://localhost/",
    "http://localhost./",
    "http://localhost../",
    "http://127.0.0.1../",
    "http://localhost.localdomain/",
    "http://redis.cache.svc/",
    "http://[3fff::1]/",
    "http://LOCALHOST:8787/hook",
    "http://a.localhost/",
    "https://receiver/",
    "https://db.internal/",
    "https://printer.local/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001::1]/",
    "http://[2001:db8::1]/",
    "http://[ff02::1]/",
    "http://①②⑦.⓪.⓪.①/",
  ])("[A1] %s is private", (url) => {
    expect(webhookFault(url)).toBeUndefined();
    expect(isPrivateAddress(url)).toBe(true);
  });

  it.each([
    "https://example.com/hooks/a?b=c",
    "http://8.8.8.8/",
    "http://172.15.0.1/",
    "http://172.32.0.1/",
    "http://100.63.255.255/",
    "http://[2606:4700:4700::1111]/",
    "http://[64:ff9b::8.8.8.8]/",
    "https://local.example.com/",
    "https://xn--bcher-kva.example/",
  ])("[A1] %s is public", (url) => {
    expect(webhookFault(url)).toBeUndefined();
    expect(isPrivateAddress(url)).toBe(false);
  });

  it.each([
    ["ftp://example.com/", /^webhook begins with "ftp:"; expected https: or http:$/],
    ["file:///etc/passwd", /^webhook begins with "file:"/],
    ["https://user:secret@example.com/", /^webhook holds a user or password; expected none$/],
    ["https://", /^webhook is "https:\/\/"; expected an address such as/],
    ["http://[::1/", /expected an address/],
  ])("[A1] %s is refused", (url, message) => {
    expect(webhookFault(url)).toMatch(message);
  });
});
