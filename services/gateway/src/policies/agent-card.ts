const CARD_SUFFIX = /\/\.well-known\/agent(?:-card)?\.json$/;
const CARD_NAME = /\/\.well-known\/agent(?:-card)?\.json(?=$|\?)/;

/** Whether a request is a GET of an agent card below any path. */
export function isAgentCardRequest(method: string, path: string): boolean {
  return method === "GET" && CARD_SUFFIX.test(path);
}

/** Limit on parsing a body just to log its method, because the caller may be unsigned. */
const MAX_PARSED_BYTES = 16_384;
/**
 * Excludes control characters, line separators and direction marks, with which a caller could forge
 * a log line.
 */
const METHOD = /^[A-Za-z0-9/_.-]{1,64}$/;

/**
 * The JSON-RPC method of an A2A call, for the log only. `unknown` if the body is not JSON, exceeds
 * 16 KiB, or has no method of at most 64 letters, digits and `/ _ . -`.
 */
export function a2aMethod(contentType: string | undefined, body: readonly Uint8Array[]): string {
  if (body.reduce((sum, { length }) => sum + length, 0) > MAX_PARSED_BYTES) return "unknown";
  if (!/^application\/json\s*(?:;|$)/i.test(contentType ?? "")) return "unknown";
  try {
    const method: unknown = (JSON.parse(Buffer.concat(body).toString()) as { method?: unknown } | null)
      ?.method;
    return typeof method === "string" && METHOD.test(method) ? method : "unknown";
  } catch {
    return "unknown";
  }
}

/**
 * Rewrites the URLs in an agent card so that callers go through the gateway. The top-level `url`
 * becomes the card's URL without its file name; with `supportedInterfaces`, that URL is instead
 * prepended to the path of each entry. Key order is kept.
 *
 * @param body the agent's answer
 * @param origin `http://` and the authority the caller used
 * @param target path and query of the card request
 * @throws Error if the body is not a JSON object with one of the two, for which the caller answers
 * 503 as Agentgateway does
 */
export function rewriteAgentCard(body: Uint8Array, origin: string, target: string): Buffer {
  let card: unknown;
  try {
    card = JSON.parse(Buffer.from(body).toString());
  } catch {
    throw new Error("agent card invalid JSON");
  }
  const base = `${origin}${target.replace(CARD_NAME, "")}`;
  const record = typeof card === "object" && card !== null ? (card as Record<string, unknown>) : {};
  if ("supportedInterfaces" in record) {
    if (!Array.isArray(record.supportedInterfaces)) {
      throw new Error("agent card supportedInterfaces is not an array");
    }
    for (const entry of record.supportedInterfaces as { url?: unknown }[]) {
      const path = typeof entry?.url === "string" ? pathOf(entry.url) : undefined;
      if (path !== undefined) entry.url = `${base}${path}`;
    }
  } else if ("url" in record) {
    record.url = base;
  } else {
    throw new Error("agent card missing URL (no 'url' or 'supportedInterfaces' field)");
  }
  return Buffer.from(JSON.stringify(card));
}

/** Path and query of an absolute URL or of a path, byte for byte; undefined for anything else. */
function pathOf(url: string): string | undefined {
  const [, path] =
    /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#\s]+)?((?:\/[^?#\s]*)?(?:\?[^#\s]*)?)(?:#.*)?$/.exec(url) ?? [];
  if (path === undefined || url === "") return undefined;
  return path.startsWith("/") ? path : `/${path}`;
}
