/**
 * Outbound HTTP where only `fetch` exists (browsers, workers). The guard on connected addresses
 * that Node has is not possible here; the guard on the URL and the limits of size and time still
 * hold.
 *
 * @module
 */

import { readAtMost } from "./read-at-most.ts";
import type { DocumentTransport, Transport } from "./transport.ts";
import { guardUrl } from "./url-guard.ts";

/**
 * A document transport over `fetch`. `development` changes nothing here: names are resolved by the
 * platform.
 */
export function createDocumentTransport(_options: { development: boolean }): DocumentTransport {
  return async (url, { signal, maxBytes }) => {
    const response = await unredirected(url, {
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
  unredirected(url, {
    method: init.method,
    headers: init.headers,
    body: init.body ?? null,
    signal: init.signal ?? null,
  });

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * As `fetch` with `redirect: "error"`, which Workers do not have: they show the answer that
 * redirects, and browsers hide it.
 *
 * @throws TypeError for a redirect
 */
async function unredirected(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  if (response.type !== "opaqueredirect" && !REDIRECTS.has(response.status)) return response;
  await response.body?.cancel();
  throw new TypeError("the answer is a redirect");
}

/**
 * Sends to addresses that other parties have named: the URL is guarded, the connected address
 * cannot be.
 */
export function createGuardedTransport(options: { development: boolean }): Transport {
  return async (url, init) => {
    guardUrl(url, options);
    const response = await pooledTransport(url, init);
    const body = await readAtMost(response.body, 65_536);
    const { status, headers } = response;
    return new Response(body.byteLength === 0 ? null : body, { status, headers });
  };
}
