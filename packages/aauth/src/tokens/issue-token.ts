import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import { signJwt } from "./jwt.ts";
import type { SchemaOf, TokenClaims } from "./token-schema.ts";
import type { TokenSigner } from "./token-signer.ts";

/** An issued token and its claims. The issuer keeps `jti` and `exp` for revocation. */
export interface IssuedToken<Claims> {
  /** Compact JWS. */
  readonly token: string;
  readonly claims: Claims;
}

export interface IssueTokenOptions {
  readonly signer: TokenSigner;
  /** Default: the type's default. */
  readonly lifetimeSeconds?: number | undefined;
  /** Latest expiry in Unix seconds. Default: unset. */
  readonly notAfter?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Claims to write; undefined ones are omitted. */
type WrittenClaims<Claims> = { readonly [Name in keyof Claims]: Claims[Name] | undefined };

/**
 * Issues a token that conforms to its schema.
 *
 * @param claimsAt the claims in the order in which they are written, given the times of the token
 *   in Unix seconds
 * @throws RangeError for a lifetime that the type does not allow, or a `notAfter` that has passed
 * @throws TypeError for claims that readers refuse
 */
export async function issueToken<Claims extends TokenClaims>(
  schema: SchemaOf<Claims>,
  options: IssueTokenOptions,
  claimsAt: (times: { readonly iat: number; readonly exp: number }) => WrittenClaims<Claims>,
): Promise<IssuedToken<Claims>> {
  const { type, lifetime, sortsHeader } = schema;
  const { signer, lifetimeSeconds = lifetime.defaultSeconds, notAfter = Number.POSITIVE_INFINITY } = options;
  requireLifetime(lifetimeSeconds, lifetime);
  const iat = (options.now ?? systemSeconds)();
  const exp = Math.min(iat + lifetimeSeconds, notAfter); // hole T15a: iat + lifetimeSeconds
  if (!(exp > iat)) throw new RangeError("notAfter must be in the future");
  const written = Object.entries(claimsAt({ iat, exp })).filter(([, value]) => value !== undefined);
  const claims: Readonly<Record<string, unknown>> = Object.fromEntries(written);
  try {
    for (const rule of schema.claims) rule(claims);
  } catch (cause) {
    throw new TypeError(cause instanceof Error ? cause.message : "invalid claims", { cause });
  }
  const { alg, kid } = signer;
  const header = sortsHeader ? { alg, kid, typ: type } : { alg, typ: type, kid };
  const token = await signJwt(header, claims, (data) => signer.sign(data));
  return { token, claims: claims as unknown as Claims };
}

/** @throws RangeError unless it is a whole number of seconds that the type allows */
export function requireLifetime(seconds: number, { maxSeconds }: SchemaOf<TokenClaims>["lifetime"]): void {
  const most = maxSeconds ?? Number.MAX_SAFE_INTEGER;
  if (Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= most) return;
  throw new RangeError(`lifetimeSeconds must be a whole number from 1 to ${most}`);
}

/** A new `jti`. */
export const newJti = (): string => encodeBase64Url(platformCrypto.randomBytes(16));

export const systemSeconds = (): number => Math.floor(Date.now() / 1000);
