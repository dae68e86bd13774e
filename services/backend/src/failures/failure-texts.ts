import type { Check, Failure, Hop } from "backend-api";
import type { Situation } from "./situation.ts";

/** Facts about a failure, from which its message is derived. */
export interface Finding {
  readonly hop: Hop;
  readonly check: Check;
  readonly code: string;
  /** The reason, if the failed party has stated one. */
  readonly detail?: string;
  /** Whether the gateway may have answered in place of the party at `hop`. */
  readonly isSenderUnknown?: boolean;
}

type Texts = Required<Pick<Failure, "message" | "advice">>;

/** Name of each hop at the start of a sentence. */
export const PARTIES: Readonly<Record<Hop, string>> = {
  backend: "The backend",
  gateway: "The gateway",
  "supply-chain-agent": "The supply-chain agent",
  "market-analysis-agent": "The market-analysis agent",
  "auth-server": "The auth server",
  "person-server": "The person server",
  "access-server": "The access server",
};

/** Says in a sentence what happened, and what to try. */
export function textsFor(finding: Finding, situation: Situation): Texts {
  const { hop, check, code, detail = "" } = finding;
  const { timeoutSeconds } = situation;
  const party = PARTIES[hop];
  switch (check) {
    case "connection":
      return connectionTexts({ hop, check, code, detail }, situation);
    case "timeout":
      return timeoutTexts(finding, timeoutSeconds);
    case "signature":
      return signatureTexts(finding, situation);
    case "identity":
      return {
        message: `${party} requires its caller's identity; a signature with a bare key is not enough.`,
        advice:
          "Start the backend with AAUTH_SIGNATURE_SCHEME=jwks, or lower requiredScheme on the gateway's route.",
      };
    case "policy":
      return policyTexts({ hop, check, code }, situation);
    case "challenge":
      return {
        message: `The challenge of the supply-chain agent was not followed: ${detail}`,
        advice:
          code === "user_interaction"
            ? "Configure the agent to ask for an auth token instead."
            : "Backend and agent must be configured with the same auth server and identities; compare KEYCLOAK_URL, BACKEND_AGENT_URL and SUPPLY_CHAIN_AGENT_ID_URL.",
      };
    case "token_request":
      return {
        message: `The auth server issued no usable token: ${detail}`,
        advice:
          TOKEN_ADVICE.get(code) ??
          "The auth server's log has the reason; docs/reference/errors.md explains the code.",
      };
    case "consent":
      return {
        message: "The auth server asked for consent again after it was given.",
        advice: "Check which scopes the agent requires: the user must have consented to all of them.",
      };
    case "rpc":
      return {
        message: `The supply-chain agent answered with an error: ${detail}`,
        advice:
          "The request was authorized and reached the agent; the agent's log has the reason for the error.",
      };
    case "answer":
      return {
        message: `The response of the supply-chain agent ${detail}.`,
        advice:
          "Look at the logs of gateway and agent. SUPPLY_CHAIN_AGENT_URL must be the URL of an A2A agent that speaks the version in BACKEND_A2A_VERSION.",
      };
    case "internal":
      return {
        message: "The backend could not finish the optimization.",
        advice: "The backend's log has the reason.",
      };
  }
}

function timeoutTexts({ hop, code, detail }: Finding, timeoutSeconds: number): Texts {
  const party = PARTIES[hop];
  if (code === "connect_timeout") {
    return {
      message: `${party} did not accept a connection in time.`,
      advice: "Its network drops packets, or the machine is overloaded: look at its log.",
    };
  }
  if (hop === "auth-server") {
    return {
      message: detail ? sentence(detail) : `${party} did not answer within ${timeoutSeconds} seconds.`,
      advice: "Look at the auth server's log, then start again.",
    };
  }
  // A gateway has its own timeout.
  const within = code === "timeout" ? `within ${timeoutSeconds} seconds` : "in time for the gateway";
  return {
    message: `${party} did not answer ${within}.`,
    advice: `Look at its log and the gateway's. A run waits ${timeoutSeconds} seconds (SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS).`,
  };
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Draft -11, section 11.4: key sets are cached, so a new key stays unknown for a while. */
const KEYS_OF_DRAFT_11 =
  "Its log has the reason. It must reach the documents of the person server, the access server and the agent provider (AAUTH_ENDPOINTS), and the clocks must agree. A key set is fetched at most once a minute: if one of these parties was restarted twice within a minute, wait a minute and start again.";

function signatureTexts({ hop, code, detail, isSenderUnknown }: Finding, { places }: Situation): Texts {
  const party = PARTIES[hop];
  const isDraft11 = places.hops !== undefined;
  if (isSenderUnknown) {
    return {
      message: `${party}, or a gateway before it, refused the request with status 401 and gave no reason.`,
      advice:
        "Look at the log of the agent, then at the gateway's. An agent of the published demo must be listed in AAUTH_PUBLISHED_PEERS, so that it can verify what it receives.",
    };
  }
  if (code === "auth_token_rejected") {
    return {
      message: `${party} rejected the auth token${detail ? `: ${detail}` : "."}`,
      advice: isDraft11
        ? KEYS_OF_DRAFT_11
        : "Its log has the reason. The agent must be the audience of the token, trust its issuer and reach the issuer's keys: compare KEYCLOAK_URL, KEYCLOAK_REALM and SUPPLY_CHAIN_AGENT_ID_URL.",
    };
  }
  if (code === "insufficient_coverage") {
    return {
      message: `${party} did not accept the request's signature${detail ? `: it does not cover ${detail}` : ""}.`,
      advice:
        "The backend does not cover the body for agents in AAUTH_PUBLISHED_PEERS: remove the agent from it, unless gateway and agent are meant to accept the backend's signatures.",
    };
  }
  if (code === "token_revoked") {
    return {
      message: `${party} no longer accepts the token of this request: it has been revoked.`,
      advice: "Start it again: the person server will ask you.",
    };
  }
  return {
    message: `${party} did not accept the request's signature.`,
    advice: isDraft11
      ? KEYS_OF_DRAFT_11
      : `Check that ${places.backendUrl}/.well-known/aauth-agent can be reached from there and that both clocks agree. An unknown key is fetched up to three times in a row, then once per 10 s: after more restarts, wait a moment and start again.`,
  };
}

function connectionTexts({ hop, code, detail }: Finding, { places }: Situation): Texts {
  if (hop === "auth-server") {
    return {
      message: `The auth server at ${places.issuer} could not be used: ${detail || code}`,
      advice: "Start the auth server, and check KEYCLOAK_URL and KEYCLOAK_REALM.",
    };
  }
  if (hop === "supply-chain-agent") {
    return {
      message: "The gateway cannot reach the supply-chain agent.",
      advice:
        "Start the supply-chain agent, or set the gateway's SUPPLY_CHAIN_AGENT_ADDR to its address. If the gateway is a real Agentgateway, check that gateway-authz is running, too.",
    };
  }
  return code.startsWith("http_")
    ? {
        message: "The gateway cannot reach its authorization service.",
        advice: "Start gateway-authz, or set the gateway's AAUTH_AUTHZ_HOST to its address.",
      }
    : {
        message: `Cannot connect to the gateway at ${places.agentUrl}.`,
        advice: "Start the gateway, or set SUPPLY_CHAIN_AGENT_URL to its address.",
      };
}

function policyTexts({ hop, code }: Finding, { places }: Situation): Texts {
  const party = PARTIES[hop];
  if (code === "http_404" || code === "http_421") {
    return {
      message: `The gateway has no route for ${places.agentUrl}.`,
      advice: "Compare the host in SUPPLY_CHAIN_AGENT_URL with the hostnames of the gateway's routes.",
    };
  }
  if (/^http_(429|50[23])$/.test(code)) {
    return {
      message: `${party} is receiving too many requests.`,
      advice: "Wait a moment and start again.",
    };
  }
  return {
    message: `${party} recognizes the backend but does not allow this request.`,
    advice:
      hop === "gateway"
        ? "Compare the authorization rules of the gateway's route with the agent and scope in the request."
        : (POLICY_ADVICE.get(code) ??
          "The auth token lacks a scope that the agent requires; see the agent's configuration."),
  };
}

/** Advice by the code of the agent's refusal. */
const POLICY_ADVICE: ReadonlyMap<string, string> = new Map([
  [
    "untrusted_agent",
    "Add the backend's identity, BACKEND_AGENT_URL, to SUPPLY_CHAIN_TRUSTED_AGENTS of the agent.",
  ],
  [
    "user_required",
    "Have the auth server ask the user: make the agent's scopes require consent (`npm run demo -- consent`).",
  ],
]);

/** Advice by OAuth error code, because the description is the auth server's own. */
const TOKEN_ADVICE: ReadonlyMap<string, string> = new Map([
  [
    "access_denied",
    "The realm's policy does not allow this agent or this scope; see the realm's aauth.* attributes.",
  ],
  ["invalid_scope", "Allow the scope in the realm's aauth.allowed.scopes, or request fewer scopes."],
  [
    "invalid_signature",
    "The auth server must be able to fetch the backend's documents, below BACKEND_AGENT_URL.",
  ],
  [
    "invalid_grant",
    "The resource token or code was not accepted. The auth server must reach the supply-chain agent's documents through the gateway, and the clocks must agree. If a service was restarted, start again.",
  ],
]);
