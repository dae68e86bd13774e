const CARD_SUFFIX = /\/\.well-known\/agent(?:-card)?\.json$/;

/** What the a2a policy makes of a request. */
export type A2aRequest = { readonly kind: "card" } | { readonly kind: "call"; readonly method: string };

/** True for a GET of an agent card below any path. */
export function isAgentCardRequest(method: string, path: string): boolean {
  return method === "GET" && CARD_SUFFIX.test(path);
}

/** The JSON-RPC method of an A2A call, for the log; `unknown` when the body is not JSON or has none. Decides nothing. */
export function a2aMethod(contentType: string | undefined, body: Uint8Array | undefined): string {
  if (body === undefined || !/^application\/json\s*(?:;|$)/i.test(contentType ?? "")) return "unknown";
  try {
    const method: unknown = (JSON.parse(Buffer.from(body).toString()) as { method?: unknown } | null)?.method;
    return typeof method === "string" ? method : "unknown";
  } catch {
    return "unknown";
  }
}

/**
 * Rewrites the addresses in an agent card so that callers come through the gateway: the top-level `url`, or with
 * `supportedInterfaces` the `url` of each entry (its path kept) and nothing else. Key order is kept; the status is not looked at.
 *
 * @param body the agent's answer
 * @param origin `http://` and the authority the caller used
 * @param path path of the card request
 * @throws Error when the body is no JSON object with one of the two; the caller answers 503 then, as Agentgateway does
 */
export function rewriteAgentCard(body: Uint8Array, origin: string, path: string): Buffer {
  let card: unknown;
  try {
    card = JSON.parse(Buffer.from(body).toString());
  } catch {
    throw new Error("agent card invalid JSON");
  }
  const record = typeof card === "object" && card !== null ? (card as Record<string, unknown>) : {};
  if ("supportedInterfaces" in record) {
    if (!Array.isArray(record.supportedInterfaces)) {
      throw new Error("agent card supportedInterfaces is not an array");
    }
    for (const entry of record.supportedInterfaces as { url?: unknown }[]) {
      const url = typeof entry?.url === "string" ? URL.parse(entry.url) : null;
      if (url !== null) entry.url = `${origin}${url.pathname}${url.search}`;
    }
  } else if ("url" in record) {
    record.url = `${origin}${path.replace(CARD_SUFFIX, "")}`.replace(/\/+$/, "");
  } else {
    throw new Error("agent card missing URL (no 'url' or 'supportedInterfaces' field)");
  }
  return Buffer.from(JSON.stringify(card));
}
