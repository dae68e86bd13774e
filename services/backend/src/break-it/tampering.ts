import { decodeToken, type SignatureKeyScheme, type SigningKey } from "aauth";
import type { ForgedRequest } from "./forged-request.ts";

/** Age that every verifier rejects. */
export const STALE_SECONDS = 600;

const SIGNATURE_BYTES = 64;
const SCOPE_TOO_MUCH = "supply-chain:admin";

/** Signature key scheme of a key-bound token. */
export const jwt = (token: string): SignatureKeyScheme => ({ scheme: "jwt", jwt: token });

/** The request with one byte of its body changed in transit. */
export function withFlippedBit(forged: ForgedRequest): ForgedRequest {
  const body = forged.body!.slice();
  body[body.length >> 1]! ^= 1;
  return { ...forged, body };
}

/** The request, sent to a path other than the signed one. */
export const atAnotherPath = (forged: ForgedRequest): ForgedRequest => ({
  ...forged,
  url: new URL("/admin", forged.url).href,
});

/** Expiry of a token in Unix seconds; 0 without `exp`. */
export function expiryOf(token: string): number {
  const { exp } = decodeToken(token).claims;
  return typeof exp === "number" ? exp : 0;
}

/** The key that a token is bound to; the current key without a token. */
export function keyOf(token: string | undefined, keys: readonly SigningKey[]): SigningKey {
  const confirmed = token === undefined ? undefined : confirmationOf(token);
  return keys.find(({ publicJwk }) => publicJwk.x === confirmed) ?? keys[0]!;
}

function confirmationOf(token: string): unknown {
  const { cnf } = decodeToken(token).claims as { cnf?: { jwk?: { x?: unknown } } };
  return cnf?.jwk?.x;
}

/** The token with changed members of its header and claims, under the original signature. */
export function withChanged(
  token: string,
  changes: { readonly header?: object; readonly claims?: object },
): string {
  const decoded = decodeToken(token);
  const [header, payload, signature] = token.split(".");
  const changed = (part: "header" | "claims") =>
    changes[part] &&
    Buffer.from(JSON.stringify({ ...decoded[part], ...changes[part] })).toString("base64url");
  return [changed("header") ?? header, changed("claims") ?? payload, signature].join(".");
}

/** The token with an additional scope that no server granted. */
export function withWiderScope(token: string): string {
  const { scope = "" } = decodeToken(token).claims;
  return withChanged(token, { claims: { scope: `${scope} ${SCOPE_TOO_MUCH}` } });
}

/** The token with a signature of zeros, because an empty one is refused before keys are fetched. */
export function unsignedToken(token: string): string {
  const [header, payload] = token.split(".");
  return `${header}.${payload}.${Buffer.alloc(SIGNATURE_BYTES).toString("base64url")}`;
}
