/**
 * Data types of this package's public interface, without classes and functions.
 *
 * @module
 */

import type { VerificationReport } from "./http-signatures/report.ts";

/**
 * Algorithms of message signatures, by their fully specified JOSE names (RFC 9864). The profile
 * determines which are accepted.
 */
export type KeyAlgorithm = "Ed25519" | "ES256";

/**
 * JOSE algorithms of tokens. `EdDSA` and `Ed25519` both mean Ed25519. The profile determines which
 * are accepted.
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
 * An imported private key that signs requests and tokens. A key in a KMS can implement this
 * interface.
 */
export interface SigningKey {
  /** Key id in the published key set. */
  readonly kid: string;
  /** Algorithm of its signatures. */
  readonly alg: KeyAlgorithm;
  /** `{kty, crv, x, kid}`, for ES256 with `y`, as the owner publishes it in its JWKS. */
  readonly publicJwk: PublicJwk & { readonly kid: string };
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /**
   * Signs bytes and returns 64 bytes (ES256: r and s), as a promise only on platforms with
   * asynchronous cryptography.
   */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** An imported public key that verifies messages. */
export interface VerificationKey {
  /** Algorithm of the signatures that it verifies. */
  readonly alg: KeyAlgorithm;
  /** Without private members. */
  readonly publicJwk: PublicJwk;
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /** True if `signature` (64 bytes) is this key's signature over `data`. */
  verify(data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** Header fields of a signed or verified message: lower-case names, values as received. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request as received. Nothing in it is trusted; in particular, `host` is never used. */
export interface ReceivedRequest {
  /** As on the request line. */
  readonly method: string;
  /** Path and query exactly as on the request line (`/a%2Fb?x=1`), never normalised. */
  readonly target: string;
  /** As received. `receivedFields` converts a message of `node:http`. */
  readonly headers: HeaderFields;
}

/** `act`: the party that called the current requester, innermost last (profile 4.4). */
export interface ActClaim {
  /** Identifier of that party. */
  readonly agent: string;
  /** Its delegate, if one acted. */
  readonly agent_delegate?: string;
  /** The user, if it names one. */
  readonly sub?: string;
  /** The party that called it. */
  readonly act?: ActClaim;
}

/**
 * A caller with a verified signature. A verifier returns it if every check has passed; a refusal
 * has it as `provenCaller` if only what follows the signature failed. The level determines its
 * members; test for the member you need (`caller.grant`), or let `verifyRequest` narrow the type by
 * its requirement.
 */
export interface ProvenCaller {
  /** Name of the wire profile that applied. */
  readonly profile: string;
  /**
   * The proven level, by its name in the profile: in draft -11 `agent-token`, `person-token`,
   * `auth-token` or `server`.
   */
  readonly level: string;
  /** The scheme of its `Signature-Key`. */
  readonly scheme: string;
  /** The key that signed the request. */
  readonly key: PublicJwk;
  /** RFC 7638 thumbprint of the key. */
  readonly thumbprint: string;
  /** Agent identifier, if the caller has proven one. */
  readonly agent?: string;
  /** The delegate that acts under the agent's identity, if any. */
  readonly delegate?: string;
  /** Identifier of a server that signs for itself. */
  readonly server?: string;
  /** The person for whom the caller acts, by issuer and subject. */
  readonly person?: { readonly iss: string; readonly sub: string };
  /** Authorization of the caller by a token in `Signature-Key`. */
  readonly grant?: CallerGrant;
  /** Claims of the token that proved the identity, if any. */
  readonly identityToken?: Readonly<Record<string, unknown>>;
}

/** A token for this resource, bound to the key that signed the request. */
export interface CallerGrant {
  /** Granted scopes. */
  readonly scopes: readonly string[];
  /** The parties that called the caller, if the token was obtained by token exchange. */
  readonly act?: ActClaim;
  /** All claims of the token, as verified. */
  readonly claims: Readonly<Record<string, unknown>>;
  /**
   * The compact token, for use as upstream token in a token exchange. Never log it. Not enumerable,
   * so that copies and log lines of the caller do not contain it.
   */
  readonly token: string;
}

/** A complete response. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body; empty for none. */
  readonly body: string;
}

/** Stores the request of a caller that lacks only the required token, and creates the 202. */
export type Hold = (caller: ProvenCaller, requirement: Requirement<string>) => Promise<Answer>;

/**
 * Requirement of a route on its callers. The profile defines the levels and their members.
 *
 * @typeParam Name names of the levels. Default: those of this package's dialects
 */
export interface Requirement<Name extends string = Level> {
  /**
   * One of the profile's levels: in draft -11 `agent-token`, `person-token` (which an auth token
   * also meets), `auth-token` or `server`.
   */
  readonly level: Name;
  /**
   * Scopes that the caller's grant must all have. Default: none; a level that only an auth token
   * proves needs at least one. The other levels compare no scope, so an auth token with any scope
   * meets them.
   */
  readonly scopes?: readonly string[];
  /**
   * Account at the resource that the caller's grant must name, in profiles with accounts. Default:
   * any or none.
   */
  readonly account?: string;
  /** Requires the grant to name a person. Default: the agent may act for itself. */
  readonly subject?: "required";
  /** Names of the accepted wire profiles. Default: all that have the level. */
  readonly profiles?: readonly string[];
  /**
   * Holds the request of a caller with a person until it has the auth token: `hold` of
   * `resource.deferred()`. Default: the caller is challenged, and sends its request again.
   */
  readonly hold?: Hold;
  /** Alternative requirement for messages of other profiles, which are refused without it. */
  readonly or?: Requirement<Name>;
}

/** Guaranteed members of the callers of each level. */
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
  /** The verified sender. */
  readonly caller: Caller;
  /** Report of the checks. */
  readonly report: VerificationReport;
}

/**
 * An agent's call that waits for a resource, or for a server's token. Plain JSON, so that it can be
 * stored and continued by another process with the same key. It contains the data of the call,
 * including tokens: store it as a secret, and never accept it from another party.
 */
export interface WaitingCall {
  /** Name of the wire profile. */
  readonly profile: string;
  /** RFC 7638 thumbprint of the key that signed the request and must sign the polls. */
  readonly keyThumbprint: string;
  /** Identifier of the resource or server whose response is awaited. */
  readonly party: string;
  /** Absolute address to poll. */
  readonly location: string;
  /** Earliest time of the next poll. Unix seconds. */
  readonly nextLookAt: number;
  /**
   * Requirement that the party waits for, by its name in the profile: in draft -11 `interaction`,
   * `approval` or `clarification`. Empty if unspecified.
   */
  readonly requirement: string;
  /** Interaction for a person. `page` is the URL for a browser, with the code. */
  readonly interaction?: { readonly url: string; readonly code: string; readonly page: string } | undefined;
  /** The question that `onClarification` of the resumed call must answer. */
  readonly clarification?:
    | {
        readonly question: string;
        readonly timeoutSeconds?: number | undefined;
        readonly options?: readonly string[] | undefined;
      }
    | undefined;
  /** The original call. */
  readonly call: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    /** Base64. */
    readonly body?: string | undefined;
    /** Plain-data members of its context. */
    readonly context: Readonly<Record<string, string>>;
  };
  /** Internal state of the library. */
  readonly progress: Readonly<Record<string, unknown>>;
}
