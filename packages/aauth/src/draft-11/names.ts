/**
 * Names and constants of draft -11, used only in this folder.
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
} as const;

/** Requirement of a response (section 11.6). */
export const AAUTH_REQUIREMENT = "aauth-requirement";
/** The session token of a resource (section 6.3). */
export const AAUTH_ACCESS = "aauth-access";
/** Capabilities of an agent for interaction with its person (section 11.7). */
export const AAUTH_CAPABILITIES = "aauth-capabilities";
/** Reason why a signature was refused (signature-key -09, section 5). */
export const SIGNATURE_ERROR = "signature-error";
/** Schemes of `Signature-Key` that are accepted (signature-key -09, section 5). */
export const ACCEPT_SIGNATURE_SCHEME = "accept-signature-scheme";
/** Signature algorithms that are accepted (signature-key -09, section 5). */
export const ACCEPT_SIGNATURE_ALG = "accept-signature-alg";

/** Label of the signatures that this library makes. */
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

/** Kind of party that publishes a document. */
export type DocumentKind = keyof typeof DOCUMENTS;

/** Levels that a route may require: a type of token, or a server that signs for itself. */
export const LEVELS = ["agent-token", "person-token", "auth-token", "server"] as const;

/** Name of a level of draft -11. */
export type Draft11Level = (typeof LEVELS)[number];

/** Algorithms of messages and tokens: fully specified names only (section 11.3.1). */
export const ALGORITHMS = ["Ed25519", "ES256"] as const;

/** Tolerance of `created` and of a token's `iat`, in seconds. */
export const WINDOW_SECONDS = 60;
/** Default lifetime of an agent token, in seconds. */
export const AGENT_TOKEN_SECONDS = 3_600;
