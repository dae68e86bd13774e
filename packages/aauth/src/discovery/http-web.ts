/**
 * Outbound HTTP on platforms with only `fetch` (browsers, workers). Connected addresses cannot be
 * guarded here; the guard on the URL and the limits of size and time apply.
 *
 * @module
 */

import { readAtMost } from "./read-at-most.ts";
import type { DocumentTransport, Transport } from "./transport.ts";
import { guardUrl } from "./url-guard.ts";

/**
 * A document transport over `fetch`. `development` has no effect here, because the platform
 * resolves names.
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

/** Sends with `fetch`. The platform pools connections. */
export const pooledTransport: Transport = (url, init) =>
  unredirected(url, {
    method: init.method,
    headers: init.headers,
    body: init.body ?? null,
    signal: init.signal ?? null,
  });

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Like `fetch` with `redirect: "error"`, which Workers lack. For a redirect, they return its
 * response, and browsers an opaque one.
 *
 * @throws TypeError for a redirect
 */
async function unredirected(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, redirect: "manual" });
  if (response.type !== "opaqueredirect" && !REDIRECTS.has(response.status)) return response;
  await response.body?.cancel();
  throw new TypeError("the response is a redirect");
}

/**
 * Sends to addresses that other parties have named. Only the URL is guarded; the connected address
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
