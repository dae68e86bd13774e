export interface DecodedToken {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

/**
 * Decodes a JWT for display; undefined if it is not a JWT. Verifies NOTHING: never base a decision
 * on the result.
 */
export function decodeClaims(token: string): DecodedToken | undefined {
  const [header, payload, signature, ...rest] = token.split(".");
  if (!header || !payload || signature === undefined || rest.length > 0) return undefined;
  const decoded = { header: parseSegment(header), claims: parseSegment(payload) };
  return decoded.header && decoded.claims ? { header: decoded.header, claims: decoded.claims } : undefined;
}

function parseSegment(segment: string): Record<string, unknown> | undefined {
  try {
    const bytes = Uint8Array.from(atob(segment.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
