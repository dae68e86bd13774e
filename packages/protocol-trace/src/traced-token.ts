import { decodeToken, tokenId } from "aauth";
import { LIMIT, type TokenKind, type TracedToken } from "aauth-explain/trace-names";
import { TRACED_PROFILES } from "./profiles.ts";
import { cutTokens } from "./redact.ts";

/** Characters reserved around a token in an attribute, for a challenge. */
const AROUND = 1024;

/** A token as JSON for an attribute, without its signature. */
export function tracedToken(token: string): string {
  return tokenJson(readToken(token));
}

/** Kind that a token declares. */
export function tokenKind(token: string): TokenKind {
  return readToken(token).kind;
}

/** A decoded token as JSON for an attribute. */
export function tokenJson(token: TracedToken): string {
  const json = JSON.stringify(token, (_name, value) =>
    typeof value === "string" ? cutTokens(value) : value,
  );
  // Truncated JSON cannot be parsed, so header and claims are omitted if they do not fit.
  return json.length <= LIMIT.text - AROUND ? json : JSON.stringify({ kind: token.kind, id: token.id });
}

/**
 * Tokens in members of a JSON body whose names end with `_token`, as JSON for an attribute.
 * Undefined if there are none or the body is not a JSON object.
 */
export function tokensInBody(body: Uint8Array | undefined): string | undefined {
  if (body === undefined || body.length === 0) return undefined;
  let members: unknown;
  try {
    members = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined; // a form
  }
  const tokens = Object.entries(members ?? {}).flatMap(([name, value]): [string, TracedToken][] =>
    name.endsWith("_token") && typeof value === "string"
      ? [[name, JSON.parse(tracedToken(value)) as TracedToken]]
      : [],
  );
  if (tokens.length === 0) return undefined;
  const json = JSON.stringify(Object.fromEntries(tokens));
  if (json.length <= LIMIT.text) return json;
  return JSON.stringify(Object.fromEntries(tokens.map(([name, { kind, id }]) => [name, { kind, id }])));
}

/**
 * The token in a `Signature-Key` field of either profile; undefined if there is none or it cannot
 * be parsed.
 *
 * @param label label of the signature, if known: in draft -11 the field may have members with other
 * labels, which prove nothing
 */
export function tokenIn(
  signatureKey: string | readonly string[] | undefined,
  label?: string,
): string | undefined {
  if (typeof signatureKey !== "string" || !signatureKey.includes("jwt")) return undefined;
  const profile = TRACED_PROFILES.find(({ wire }) => wire.messages.claims(signatureKey));
  if (profile === undefined) return undefined;
  try {
    const claim = profile.wire.messages.parseKeyClaim(signatureKey, label);
    return claim.scheme === "jwt" ? claim.jwt : undefined;
  } catch {
    return undefined; // the verifier refuses it
  }
}

function readToken(token: string): TracedToken {
  try {
    const { header, claims } = decodeToken(token);
    return { kind: kindOf(header), id: tokenId(token), header: { ...header }, claims };
  } catch {
    return { kind: "opaque", id: tokenId(token) };
  }
}

/** Kind that a token declares. */
export function kindOf(header: { readonly typ?: unknown }): string {
  return typeof header.typ === "string" ? header.typ.toLowerCase() : "opaque";
}
