/**
 * Outbound HTTP where only `fetch` exists (browsers, workers). The guard on connected addresses that Node has is not
 * possible here; the guard on the URL and the limits of size and time still hold.
 *
 * @module
 */

import { readAtMost } from "./read-at-most.ts";
import type { DocumentTransport, Transport } from "./transport.ts";
import { guardUrl } from "./url-guard.ts";

/** A document transport over `fetch`. `development` changes nothing here: names are resolved by the platform. */
export function createDocumentTransport(_options: { development: boolean }): DocumentTransport {
  return async (url, { signal, maxBytes }) => {
    const response = await fetch(url, {
      redirect: "error",
      credentials: "omit",
      headers: { accept: "application/json" },
      signal,
    });
    const { status, headers } = response;
    return { status, headers, body: await readAtMost(response.body, maxBytes) };
  };
}

/** Sends with `fetch`; connections are pooled by the platform. */
export const pooledTransport: Transport = (url, init) =>
  fetch(url, {
    method: init.method,
    headers: init.headers,
    body: init.body ?? null,
    signal: init.signal ?? null,
    redirect: "error",
  });

/** Sends to addresses that other parties have named: the URL is guarded, the connected address cannot be. */
export function createGuardedTransport(options: { development: boolean }): Transport {
  return async (url, init) => {
    guardUrl(url, options);
    const response = await pooledTransport(url, init);
    const body = await readAtMost(response.body, 65_536);
    const { status, headers } = response;
    return new Response(body.byteLength === 0 ? null : body, { status, headers });
  };
}
