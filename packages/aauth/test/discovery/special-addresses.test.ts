import { describe, expect, it } from "vitest";
import { createDocumentTransport } from "../../src/discovery/http-node.ts";
import { guardUrl } from "../../src/discovery/url-guard.ts";

/**
 * First and last address of each block of IANA's special-purpose registry for IPv4, multicast, and
 * reserved addresses.
 */
const SPECIAL_IPV4 = [
  ["0.0.0.0", "0.255.255.255"],
  ["10.0.0.0", "10.255.255.255"],
  ["100.64.0.0", "100.127.255.255"],
  ["127.0.0.0", "127.255.255.255"],
  ["169.254.0.0", "169.254.255.255"],
  ["172.16.0.0", "172.31.255.255"],
  ["192.0.0.0", "192.0.0.255"],
  ["192.0.2.0", "192.0.2.255"],
  ["192.31.196.0", "192.31.196.255"],
  ["192.52.193.0", "192.52.193.255"],
  ["192.88.99.0", "192.88.99.255"],
  ["192.168.0.0", "192.168.255.255"],
  ["192.175.48.0", "192.175.48.255"],
  ["198.18.0.0", "198.19.255.255"],
  ["198.51.100.0", "198.51.100.255"],
  ["203.0.113.0", "203.0.113.255"],
  ["224.0.0.0", "239.255.255.255"],
  ["240.0.0.0", "255.255.255.255"],
] as const;
/**
 * First and last address of each block for IPv6, including forms that lead to an IPv4 address and
 * unassigned blocks.
 */
const SPECIAL_IPV6 = [
  ["::", "::2"],
  ["::ffff:0:0", "::ffff:255.255.255.255"],
  ["::ffff:0:0:0", "::ffff:0:255.255.255.255"],
  ["::5db8:d822", "::ffff:8.8.8.8"],
  ["64:ff9b::", "64:ff9b::255.255.255.255"],
  ["64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"],
  ["100::", "100::ffff:ffff:ffff:ffff"],
  ["100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"],
  ["2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2001:1::1", "2001:1::3"],
  ["2001:2::", "2001:4:112::"],
  ["2001:10::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"],
  ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["4000::", "5f00::"],
  ["fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["fec0::", "ff02::1"],
] as const;
/** Just outside a block. */
const PUBLIC_IPV4 = [
  "1.0.0.0",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.0",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.0.1.0",
  "192.0.3.0",
  "192.88.98.255",
  "192.88.100.0",
  "192.167.255.255",
  "192.169.0.0",
  "198.17.255.255",
  "198.20.0.0",
  "198.51.99.255",
  "198.51.101.0",
  "203.0.112.255",
  "203.0.114.0",
  "223.255.255.255",
];
const PUBLIC_IPV6 = [
  "2001:200::1",
  "2001:db7::1",
  "2001:db9::1",
  "2003::1",
  "2606:4700::1",
  "2620:4f:7fff::1",
  "3ffe::1",
];

const transport = createDocumentTransport({ development: false });
/** Fails before it connects, so nothing leaves this machine. */
const connectGuard = async (host: string) => {
  const signal = AbortSignal.abort(new Error("let through"));
  const error = await transport(new URL(`https://${host}/`), { signal, maxBytes: 1 }).catch(
    (reason) => reason,
  );
  return error.code === "discovery_blocked" ? "refused" : error.message;
};
const urlGuard = (host: string) => {
  try {
    guardUrl(`https://${host}/`, { development: false });
    return "let through";
  } catch {
    return "refused";
  }
};

describe("A16: special addresses", () => {
  it.each(SPECIAL_IPV4.flat())(
    "%s is refused as text and as the address of a connection",
    async (address) => {
      expect([urlGuard(address), await connectGuard(address)]).toEqual(["refused", "refused"]);
    },
  );

  it.each(SPECIAL_IPV6.flat())(
    "[%s] is refused as text and as the address of a connection",
    async (address) => {
      const host = `[${address}]`;
      expect([urlGuard(host), await connectGuard(host)]).toEqual(["refused", "refused"]);
    },
  );

  it.each(SPECIAL_IPV4.flat())("%s is refused in the IPv6 forms that lead to it", async (address) => {
    const forms = ["::", "::ffff:", "::ffff:0:", "64:ff9b::"].map((prefix) => `[${prefix}${address}]`);
    const verdicts = await Promise.all(forms.map(connectGuard));
    expect(verdicts).toEqual(Array(forms.length).fill("refused"));
  });

  it.each(PUBLIC_IPV4)("%s, beside one, is not", async (address) => {
    expect([urlGuard(address), await connectGuard(address)]).toEqual(["let through", "let through"]);
  });

  it.each(PUBLIC_IPV6)("[%s], beside one, may be connected to", async (address) => {
    expect(await connectGuard(`[${address}]`)).toBe("let through");
  });
});
