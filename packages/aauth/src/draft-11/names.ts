/**
 * The names and numbers of draft -11. Nothing outside this folder writes them.
 *
 * @module
 */

/** Name of the profile. */
export const NAME = "draft-11";

/** Header fields of a signed message, in lower case. */
export const FIELDS = {
  signatureKey: "signature-key",
  signatureInput: "signature-input",
  signature: "signature",
  contentDigest: "content-digest",
  nonce: undefined,
} as const;

/** What a response demands (section 11.6). */
export const AAUTH_REQUIREMENT = "aauth-requirement";
/** The session token of a resource (section 6.3). */
export const AAUTH_ACCESS = "aauth-access";
/** What an agent can do for a person (section 11.7). */
export const AAUTH_CAPABILITIES = "aauth-capabilities";
/**
 * Why a signature was refused, and what would be accepted (signature-key -09, sections 4 and 5).
 */
export const SIGNATURE_ERROR = "signature-error";
/** Schemes of `Signature-Key` that are accepted (signature-key -09, section 5). */
export const ACCEPT_SIGNATURE_SCHEME = "accept-signature-scheme";
/** Signature algorithms that are accepted (signature-key -09, section 5). */
export const ACCEPT_SIGNATURE_ALG = "accept-signature-alg";

/** Label of own signatures. */
export const LABEL = "sig";

/** `typ` of each kind of token. */
export const TOKEN_TYPES = {
  agent: "aa-agent+jwt",
  person: "aa-person+jwt",
  resource: "aa-resource+jwt",
  auth: "aa-auth+jwt",
} as const;

/** Names of the metadata documents, below `/.well-known/` and in `dwk`. */
export const DOCUMENTS = {
  agent: "aauth-agent.json",
  person: "aauth-person.json",
  access: "aauth-access.json",
  resource: "aauth-resource.json",
} as const;

/** Who publishes a document. */
export type DocumentKind = keyof typeof DOCUMENTS;

/** What a route may demand: a token by its name, or a server that signs for itself. */
export const LEVELS = ["agent-token", "person-token", "auth-token", "server"] as const;

/** Name of a level of draft -11. */
export type Draft11Level = (typeof LEVELS)[number];

/** Algorithms of messages and tokens: fully specified names only (section 11.3.1). */
export const ALGORITHMS = ["Ed25519", "ES256"] as const;

/** Seconds. How far `created` and a token's `iat` may be from now. */
export const WINDOW_SECONDS = 60;
/** Seconds that an agent token lives by default. */
export const AGENT_TOKEN_SECONDS = 3_600;
