/**
 * The shapes that cross the borders of this package. Everything here is data: no class, no
 * function.
 *
 * @module
 */

import type { VerificationReport } from "./http-signatures/report.ts";

/**
 * Algorithms that messages are signed with, by their fully specified JOSE names (RFC 9864). Which
 * of them count is the profile's.
 */
export type KeyAlgorithm = "Ed25519" | "ES256";

/**
 * JOSE algorithms of tokens. `EdDSA` and `Ed25519` both mean Ed25519 here; which of them count is
 * the profile's.
 */
export type TokenAlgorithm = "RS256" | "ES256" | "EdDSA" | "Ed25519";

/**
 * The public key of a message as a JWK. Members of a private or symmetric key are never present.
 */
export type PublicJwk = Ed25519PublicJwk | P256PublicJwk;

interface NamedKey {
  readonly kid?: string;
  readonly use?: string;
  readonly alg?: string;
}

/** A public Ed25519 key (RFC 8037). */
export interface Ed25519PublicJwk extends NamedKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** 32 bytes, base64url without padding. */
  readonly x: string;
}

/** A public P-256 key (RFC 7518 section 6.2). */
export interface P256PublicJwk extends NamedKey {
  readonly kty: "EC";
  readonly crv: "P-256";
  /** 32 bytes each, base64url without padding. */
  readonly x: string;
  readonly y: string;
}

/** Any public JWK an issuer may publish: RSA, EC or OKP. */
export interface IssuerJwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly [member: string]: unknown;
}

/** A JWK Set document (RFC 7517 section 5). */
export interface Jwks {
  readonly keys: readonly IssuerJwk[];
}

/**
 * A private key, imported once, that signs requests and tokens. A key that stays in a KMS
 * implements this interface.
 */
export interface SigningKey {
  /** Names it in the published key set. */
  readonly kid: string;
  /** What it signs with. */
  readonly alg: KeyAlgorithm;
  /** `{kty, crv, x, kid}`, for ES256 with `y`: what the owner publishes in its JWKS. */
  readonly publicJwk: PublicJwk & { readonly kid: string };
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /**
   * Signs bytes; 64 bytes come back (ES256: r and s). A promise only where the platform's
   * cryptography is asynchronous.
   */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A public key, imported once, that verifies messages. */
export interface VerificationKey {
  /** What it verifies. */
  readonly alg: KeyAlgorithm;
  /** As imported: no private members. */
  readonly publicJwk: PublicJwk;
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /** True when `signature` (64 bytes) is this key's signature over `data`. */
  verify(data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** Header fields of a message that is signed or judged: lower-case names, values as received. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request as it arrived. Nothing in it is trusted; in particular its `host` is never used. */
export interface ReceivedRequest {
  /** As on the request line. */
  readonly method: string;
  /** Path and query exactly as on the request line (`/a%2Fb?x=1`), never normalised. */
  readonly target: string;
  /** As received; `receivedFields` makes them of a message of `node:http`. */
  readonly headers: HeaderFields;
}

/** `act`: the party that called the current requester, innermost last (profile 4.4). */
export interface ActClaim {
  /** Identifier of that party. */
  readonly agent: string;
  /** Its delegate, where one acted. */
  readonly agent_delegate?: string;
  /** The user, where it names one. */
  readonly sub?: string;
  /** The party that had called it. */
  readonly act?: ActClaim;
}

/**
 * A caller whose request signature has been proven. It cannot exist unless every check passed.
 * Which members are there follows from the level, whose names are the profile's: test for the
 * member you need (`caller.grant`), or let `verifyRequest` narrow by its requirement.
 */
export interface ProvenCaller {
  /** Name of the wire profile that the request was judged by. */
  readonly profile: string;
  /**
   * What has been proven, in the profile's words: in draft -11 `agent-token`, `person-token`,
   * `auth-token` or `server`.
   */
  readonly level: string;
  /** The scheme of its `Signature-Key`. */
  readonly scheme: string;
  /** The key that signed the request. */
  readonly key: PublicJwk;
  /** RFC 7638 thumbprint of the key. */
  readonly thumbprint: string;
  /** Agent identifier, where the caller proved one. */
  readonly agent?: string;
  /** The delegate that acts under the agent's identity. */
  readonly delegate?: string;
  /** Identifier of a server that signed for itself. */
  readonly server?: string;
  /** The person the caller acts for, as its issuer names them. */
  readonly person?: { readonly iss: string; readonly sub: string };
  /** What a token in `Signature-Key` allows the caller here. */
  readonly grant?: CallerGrant;
  /** Claims of the token that proved the identity, where one did. */
  readonly identityToken?: Readonly<Record<string, unknown>>;
}

/** A token for this resource, bound to the key that signed the request. */
export interface CallerGrant {
  /** What the token allows. */
  readonly scopes: readonly string[];
  /** The parties that called the caller, where the token was had by exchange. */
  readonly act?: ActClaim;
  /** All claims of the token, as verified. */
  readonly claims: Readonly<Record<string, unknown>>;
  /**
   * The compact token: needed as upstream token for a token exchange. Never log it. Not enumerable,
   * so that a copy or a log line of the caller is without.
   */
  readonly token: string;
}

/**
 * What a route demands of its caller. Which levels there are, and which members each has, is the
 * profile's.
 *
 * @typeParam Name names of the levels. Default: those of the dialects of this package
 */
export interface Requirement<Name extends string = Level> {
  /**
   * One of the profile's levels: in draft -11 `agent-token`, `person-token` (which an auth token
   * meets, too), `auth-token` or `server`.
   */
  readonly level: Name;
  /**
   * Scopes that the caller's grant must have, all of them. Default: none; a level that only an auth
   * token proves needs at least one.
   */
  readonly scopes?: readonly string[];
  /**
   * Account of the resource that the caller's grant must be for, in profiles that have accounts.
   * Default: any, or none.
   */
  readonly account?: string;
  /**
   * Whether the grant has to name a person. Default: it need not, and the agent may act for itself.
   */
  readonly subject?: "required";
  /**
   * Names of the wire profiles that count here, where the level alone does not decide it. Default:
   * each that has the level.
   */
  readonly profiles?: readonly string[];
  /**
   * What messages of other profiles have to prove. Without it they are refused, whatever the
   * verifier accepts elsewhere.
   */
  readonly or?: Requirement<Name>;
}

/** Members that a caller of a level is known to have. */
export interface CallerByLevel {
  readonly pseudonymous: unknown;
  readonly identified: { readonly agent: string };
  readonly authorized: { readonly agent: string; readonly grant: CallerGrant };
  readonly "agent-token": { readonly agent: string };
  readonly "person-token": { readonly person: { readonly iss: string; readonly sub: string } };
  readonly "auth-token": {
    readonly person: { readonly iss: string; readonly sub: string };
    readonly grant: CallerGrant;
  };
  readonly server: { readonly server: string };
}

/** Name of a level of either dialect. */
export type Level = keyof CallerByLevel;

/** The caller of a route with requirement `R`. */
export type CallerOf<R extends Requirement<string>> = ProvenCaller &
  (R extends { readonly or: Requirement<string> }
    ? unknown
    : R["level"] extends keyof CallerByLevel
      ? CallerByLevel[R["level"]]
      : unknown);

/** A request that passed every check. */
export interface VerifiedRequest<Caller extends ProvenCaller = ProvenCaller> {
  /** Who sent it, proven. */
  readonly caller: Caller;
  /** What was checked. */
  readonly report: VerificationReport;
}

/**
 * A call of an agent that waits for the answer of a resource, or of a server that it asked for a
 * token. Plain JSON: it can be written down and continued by another process that holds the same
 * key. It contains what the call was made with, tokens included: keep it as a secret, and take it
 * from no other party.
 */
export interface WaitingCall {
  /** Name of the wire profile. */
  readonly profile: string;
  /** RFC 7638 thumbprint of the key that has signed, and that the answer is for. */
  readonly keyThumbprint: string;
  /** Identifier of the resource or server whose answer is waited for. */
  readonly party: string;
  /** Absolute address where the answer will be. */
  readonly location: string;
  /** No look before then. Unix seconds. */
  readonly nextLookAt: number;
  /**
   * What the party waits for, in the profile's words: `interaction`, `approval`, `clarification` in
   * that of draft -11. Empty where it does not say.
   */
  readonly requirement: string;
  /** Where a person has to act: `page` is what a browser opens, complete with the code. */
  readonly interaction?: { readonly url: string; readonly code: string; readonly page: string } | undefined;
  /** The question that has to be answered, by `onClarification` of the call that goes on. */
  readonly clarification?:
    | {
        readonly question: string;
        readonly timeoutSeconds?: number | undefined;
        readonly options?: readonly string[] | undefined;
      }
    | undefined;
  /** The call as it was made. */
  readonly call: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** Base64. */
    readonly body?: string | undefined;
    /** The members of its context that are plain data. */
    readonly context: Readonly<Record<string, string>>;
  };
  /** How it goes on: the library's own. */
  readonly progress: Readonly<Record<string, unknown>>;
}
