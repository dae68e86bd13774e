/**
 * Addresses of parties that are not at the address in their identifier, for local runs of profiles
 * whose identifiers have no port.
 *
 * @module
 */

import { createDocumentTransport, pooledTransport } from "#http";
import type { DocumentTransport, Transport } from "./transport.ts";

/**
 * Address of a party: `connect` for sockets, and `browser` if browsers use another one. Both are
 * origins.
 */
export type PartyAddress = string | { readonly connect: string; readonly browser: string };

/**
 * Transports and addresses for parties whose identifiers have no port: `addresses` of
 * `createDiscovery`.
 */
export interface AddressMap {
  /** Fetches documents of mapped parties from their mapped address, which may be on loopback. */
  readonly documents: DocumentTransport;
  /** Connects to the mapped address with the signed `Host`. */
  readonly requests: Transport;
  /** Whether the map has an address for the party of a URL. */
  has(url: string): boolean;
  /** Identifier of the party at the address of a URL, if that is a mapped address. */
  identifierAt(url: string): string | undefined;
  /** The authority that a party's verifier expects (`authorities`), which is also in `Host`. */
  authorityOf(identifier: string): string;
  /** The URL for a browser that corresponds to a party's URL. */
  browserUrl(url: string): string;
}

/**
 * Creates an address map. Other parties are reached as usual.
 *
 * @param addresses by the origin of the identifier
 * @throws TypeError for a value that is not an origin
 *
 * @example
 * const map = createAddressMap({ "https://resource.example": "http://127.0.0.1:4711" });
 * createAgent({ discovery: createDiscovery({ addresses: map }), … });
 * createVerifier({ authorities: [map.authorityOf("https://resource.example")], … });
 */
export function createAddressMap(
  addresses: Readonly<Record<string, PartyAddress>>,
  elsewhere: { readonly documents?: DocumentTransport; readonly requests?: Transport } = {},
): AddressMap {
  const faces = new Map(
    Object.entries(addresses).map(([identifier, address]) => {
      const { connect, browser } =
        typeof address === "string" ? { connect: address, browser: address } : address;
      for (const origin of [identifier, connect, browser]) requireOrigin(origin);
      return [identifier, { connect, browser }] as const;
    }),
  );
  const { documents = createDocumentTransport({ development: false }), requests = pooledTransport } =
    elsewhere;
  const mapped = createDocumentTransport({ development: true });

  const at = (face: "connect" | "browser", url: URL): string | undefined => {
    const origin = faces.get(url.origin)?.[face];
    return origin === undefined ? undefined : `${origin}${url.href.slice(url.origin.length)}`;
  };

  return {
    documents(url, init) {
      const address = at("connect", url);
      return address === undefined
        ? documents(url, init)
        : mapped(new URL(address), { ...init, host: url.host });
    },
    requests(url, init) {
      const parsed = new URL(url);
      const address = at("connect", parsed);
      if (address === undefined) return requests(url, init);
      return requests(address, { ...init, headers: { ...init.headers, host: parsed.host } });
    },
    has: (url) => faces.has(new URL(url).origin),
    identifierAt(url) {
      const { origin } = new URL(url);
      return [...faces].find(([, { connect, browser }]) => connect === origin || browser === origin)?.[0];
    },
    authorityOf: (identifier) => new URL(identifier).host,
    browserUrl: (url) => at("browser", new URL(url)) ?? url,
  };
}

function requireOrigin(value: string): void {
  if (URL.parse(value)?.origin !== value)
    throw new TypeError(`${value} must be an origin: scheme, host and port`);
}
