/**
 * Names and constants of the February 2026 dialect, used only in this folder.
 *
 * @module
 */

export const FIELDS = {
  signatureKey: "signature-key",
  signatureInput: "signature-input",
  signature: "signature",
  contentDigest: "content-digest",
  nonce: "nonce",
} as const;

/** The field that carries a challenge. */
export const AGENT_AUTH = "agent-auth";

export const LABEL = "sig1";

/** `typ` of each kind of token. */
export const TOKEN_TYPES = { agent: "agent+jwt", resource: "resource+jwt", auth: "auth+jwt" } as const;

/** Names of the metadata documents, below `/.well-known/`. */
export const DOCUMENTS = {
  agent: "aauth-agent",
  resource: "aauth-resource",
  issuer: "aauth-issuer",
} as const;

/** Accepted JOSE algorithms of tokens. */
export const TOKEN_ALGORITHMS = ["RS256", "ES256", "EdDSA"] as const;

/** Algorithms of message keys. */
export const KEY_ALGORITHMS = ["Ed25519"] as const;

/** Names of the same algorithms in `algs` and in an auth server's metadata. */
export const SIGNATURE_ALGORITHMS = ["ed25519"] as const;

export const TOLERANCE_SECONDS = 60;
