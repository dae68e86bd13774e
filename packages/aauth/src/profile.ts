/**
 * Everything about the February-2026 profile that is data and not logic. The protocol moves; a second profile is a
 * second object of this shape, and no file of this package compares profile names.
 *
 * @module
 */

export const PROFILE = {
  name: "aauth-2026-02",
  label: "sig1",
  headers: {
    signatureKey: "signature-key",
    signatureInput: "signature-input",
    signature: "signature",
    contentDigest: "content-digest",
    nonce: "nonce",
    agentAuth: "agent-auth",
  },
  tokenTypes: { agent: "agent+jwt", resource: "resource+jwt", auth: "auth+jwt" },
  wellKnown: { agent: "aauth-agent", resource: "aauth-resource", issuer: "aauth-issuer" },
  /** Signature algorithms of messages, by their names in `algs` and in an auth server's metadata. */
  signatureAlgorithms: ["ed25519"],
  /** JOSE algorithms a token of another party may use. */
  tokenAlgorithms: ["RS256", "ES256", "EdDSA"],
  createdToleranceSeconds: 60,
  nonceMinBytes: 12,
  nonceBytes: 16,
  resourceTokenLifetimeSeconds: 300,
  resourceTokenMaxLifetimeSeconds: 600,
  authTokenLifetimeSeconds: 300,
  agentTokenLifetimeSeconds: 3600,
  /** Skew allowed on `iat` and `nbf` only; `exp` has none. */
  issuedAtSkewSeconds: 5,
  maxHeaderBytes: 16_384,
  discovery: {
    maxBodyBytes: 65_536,
    timeoutMs: 5_000,
    cacheSeconds: 300,
    refetchCooldownSeconds: 10,
    maxEntries: 1_000,
  },
} as const;

/** JOSE algorithms of tokens. `EdDSA` means Ed25519 here. */
export type TokenAlgorithm = (typeof PROFILE.tokenAlgorithms)[number];
