import type { AAuthErrorCode } from "aauth";

/**
 * Meaning of each error code of `aauth`, in a sentence, for pages and tables. Status and section
 * are in its `ERROR_CODES`.
 */
export const ERROR_MEANINGS: Readonly<Record<AAuthErrorCode, string>> = {
  // the message
  missing_signature: "Signature-Key, Signature-Input and Signature are not all present.",
  malformed_signature_key: "Signature-Key does not match its grammar.",
  unsupported_scheme: "The Signature-Key scheme is unknown or not accepted here (x509, jwks mode 1).",
  profile_not_accepted: "The route does not accept the wire profile that the message is signed in.",
  unsupported_key:
    "The key is not accepted: not a public Ed25519 key (in draft -11 also ES256), with private members, or of a server that may not call.",
  key_algorithm_not_allowed: "The key has no `alg`, or one that is not fully specified or not supported.",
  malformed_signature_input: "Signature-Input does not match its grammar or names a component twice.",
  malformed_signature: "Signature does not match its grammar, or is not 64 bytes.",
  label_mismatch: "The three signature headers do not carry the same single label.",
  insufficient_coverage: "A component that must be signed is not covered.",
  missing_component: "A covered component is not in the message, or cannot be derived from it.",
  created_missing: "Signature-Input has no integer `created`.",
  created_out_of_window: "`created` is further from now than the tolerance.",
  signature_expired: "`expires` of the signature is in the past.",
  invalid_signature: "The signature does not verify with the proven key.",
  nonce_required: "Policy requires a Nonce on unsafe methods and there is none.",
  malformed_nonce: "Nonce is not base64url of at least 12 bytes.",
  nonce_replayed: "The nonce was used with this key and authority within the window.",
  signature_replayed: "The same signed request was accepted before, within the window.",
  replay_memory_full: "This caller's quota of used nonces is full; wait until the window ends.",
  store_unavailable: "The server's store cannot be read or written; try again.",
  digest_missing:
    "No header announced the body, and there is no Content-Digest (an announced body's must be covered).",
  malformed_digest: "Content-Digest cannot be parsed or names no supported algorithm.",
  digest_mismatch: "Content-Digest differs from the bytes received.",
  unknown_authority: "The request addresses a host that this resource does not serve.",
  header_too_large: "A signature header exceeds the size limit.",
  // discovery
  discovery_blocked: "The address may not be fetched or signed for: scheme, host or network is not allowed.",
  discovery_failed: "A metadata document or key set could not be fetched or read.",
  discovery_busy: "Too many documents are being fetched; try again.",
  metadata_mismatch: "A metadata document names another identity than the requested one.",
  metadata_issuer_missing: "A metadata document names no `issuer`.",
  unknown_key: "The key set has no such key.",
  untrusted_agent: "The agent is not on the allow-list; nothing was fetched.",
  // tokens
  malformed_token: "The token is not a compact JWS or a claim has the wrong shape.",
  token_type_mismatch: "The token's `typ` is not the required one.",
  token_algorithm_not_allowed: "The token's `alg` is not on the allow-list.",
  untrusted_issuer: "The token's issuer is not configured as trusted; nothing was fetched.",
  token_audience_mismatch: "The token's `aud` names another recipient.",
  token_expired: "The token's `exp` has passed.",
  token_not_yet_valid: "The token's `iat` or `nbf` is in the future.",
  token_revoked: "The token's issuer has revoked it.",
  revocation_unknown: "The token predates this process, which does not know earlier revocations.",
  token_claim_missing: "A required claim is missing.",
  token_agent_mismatch: "The token names another agent than the requester.",
  presented_token_mismatch:
    "The resource token was issued for another presented token, person, tenant or mission.",
  token_key_mismatch: "The resource token is bound to another key than the one that signed.",
  invalid_token_signature: "The token's own signature does not verify.",
  // requirement
  identity_required: "The route needs an identified agent.",
  person_required: "The route needs a person token, and the caller presents an agent token.",
  authorization_required: "The route needs an auth token.",
  insufficient_scope: "The auth token lacks a scope that the route needs.",
  user_required: "The route needs an auth token with a user (`sub`).",
  limit_reached: "The caller exceeded the route's rate limit for its level; wait.",
  // the agent's side
  malformed_challenge: "Agent-Auth cannot be parsed.",
  challenge_untrusted:
    "The challenge names an untrusted auth server, or its resource token is not for this agent.",
  challenge_repeated: "The resource challenged again after an auth token was presented.",
  auth_token_rejected: "The resource rejected a new auth token and offered no other.",
  token_request_refused: "The auth server refused to issue a token.",
  token_request_failed: "The auth server is unreachable or too slow, or its response is invalid.",
  grant_pending: "A resource or server is still deciding, or waits for a person.",
  waiting_key_gone: "The key of a pending answer is no longer available; repeat the call.",
  request_cancelled: "The agent withdrew its request instead of answering a question.",
  mission_terminated: "The mission has ended, so the agent does nothing more under it.",
  unsupported_requirement: "The resource requires something that this agent does not know.",
  payment_required: "The resource or server requires payment, which this agent does not support.",
  consent_required: "The auth server requires the user's consent first.",
  user_interaction_required: "The resource requires a user interaction first.",
  unsupported_algorithm: "The challenge names only algorithms that this agent does not sign with.",
};
