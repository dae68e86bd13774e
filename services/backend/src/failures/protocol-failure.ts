import { type AAuthError, ConsentRequiredError, TokenRequestError } from "aauth";
import type { Failure } from "backend-api";
import { oneLine } from "./one-line.ts";
import type { Places, Situation } from "./situation.ts";

/** Explains what went wrong between challenge and auth token. */
export function protocolFailure(error: AAuthError, situation: Situation): Failure {
  if (error instanceof ConsentRequiredError) {
    return {
      hop: "auth-server",
      check: "consent",
      code: "consent_repeated",
      message: "The auth server asked for consent again although it was given.",
      advice: "Check which scopes the agent demands: all of them must be among those the user consented to.",
    };
  }
  if (error instanceof TokenRequestError) {
    return {
      hop: "auth-server",
      check: "token_request",
      code: error.oauthError,
      message: `The auth server refused a token: ${error.oauthError}: ${oneLine(error.description)}`,
      advice: tokenAdvice(error, situation.places),
    };
  }
  const { code } = error;
  switch (code) {
    case "token_request_failed":
    case "discovery_failed":
    case "discovery_blocked":
    case "discovery_busy":
    case "metadata_mismatch":
    case "unknown_key":
      return {
        hop: "auth-server",
        check: "connection",
        code,
        message: `The auth server at ${situation.places.issuer} could not be used: ${oneLine(error.message)}`,
        advice: "Start the auth server, and check KEYCLOAK_URL and KEYCLOAK_REALM.",
      };
    case "identity_required":
      return {
        hop: "supply-chain-agent",
        check: "identity",
        code,
        message:
          "The supply-chain agent demands the identity of its caller; a signature by key alone is not enough.",
        advice: "Start the backend with AAUTH_SIGNATURE_SCHEME=jwks.",
      };
    case "malformed_challenge":
    case "challenge_untrusted":
    case "challenge_repeated":
      return {
        hop: "supply-chain-agent",
        check: "challenge",
        code,
        message: `The supply-chain agent's challenge was not followed: ${oneLine(error.message)}`,
        advice:
          "Backend and agent must name the same auth server and identities; compare KEYCLOAK_URL, BACKEND_AGENT_URL and SUPPLY_CHAIN_AGENT_ID_URL.",
      };
    default:
      return {
        hop: situation.peer === "auth-server" ? "auth-server" : "supply-chain-agent",
        check: situation.peer === "auth-server" ? "token_request" : "challenge",
        code,
        message: `The authorization could not be completed: ${oneLine(error.message)}`,
        advice: "Look up the code in the reference of error codes.",
      };
  }
}

function tokenAdvice({ oauthError, refusal }: TokenRequestError, { backendUrl }: Places): string {
  if (oauthError === "invalid_grant" && refusal?.code === "discovery_failed") {
    return "The auth server could not read the supply-chain agent's documents: start the agent, and the gateway before it, then run again.";
  }
  switch (oauthError) {
    case "access_denied":
      return "The realm's policy does not allow this agent or this scope; see the realm's aauth.* attributes.";
    case "invalid_scope":
      return "Allow the scope in the realm's aauth.allowed.scopes, or ask for less.";
    case "invalid_signature":
    case "invalid_client":
      return `The auth server could not verify the backend; it must be able to fetch ${backendUrl}/.well-known/aauth-agent.`;
    case "invalid_grant":
      return "The resource token or code was not accepted: compare the clocks, and start again after a restart of any service.";
    default:
      return "The auth server's log says why.";
  }
}
