import type { Check, Failure, Hop } from "backend-api";
import type { Situation } from "./situation.ts";

/** What broke, as data: the texts follow from it. */
export interface Finding {
  readonly hop: Hop;
  readonly check: Check;
  readonly code: string;
  /** The reason, where the party that failed has stated one. */
  readonly detail?: string;
  /** Whether the gateway may have answered in place of the party at `hop`. */
  readonly isSenderUnknown?: boolean;
}

type Texts = Required<Pick<Failure, "message" | "advice">>;

/** Each hop at the beginning of a sentence. */
export const PARTIES: Readonly<Record<Hop, string>> = {
  backend: "The backend",
  gateway: "The gateway",
  "supply-chain-agent": "The supply-chain agent",
  "market-analysis-agent": "The market-analysis agent",
  "auth-server": "The auth server",
  "person-server": "The person server",
  "access-server": "The access server",
};

/** What happened in a sentence, and what to try. */
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
        message: `${party} demands the identity of its caller; a signature by key alone is not enough.`,
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
            : "Backend and agent must name the same auth server and identities; compare KEYCLOAK_URL, BACKEND_AGENT_URL and SUPPLY_CHAIN_AGENT_ID_URL.",
      };
    case "token_request":
      return {
        message: `The auth server issued no token that can be used: ${detail}`,
        advice:
          TOKEN_ADVICE.get(code) ??
          "The auth server's log says why; the reference of error codes has the code.",
      };
    case "consent":
      return {
        message: "The auth server asked for consent again although it was given.",
        advice:
          "Check which scopes the agent demands: all of them must be among those the user consented to.",
      };
    case "rpc":
      return {
        message: `The supply-chain agent answered with an error: ${detail}`,
        advice:
          "The request reached the agent and was authorized; the agent's log says why it could not serve it.",
      };
    case "answer":
      return {
        message: `The response of the supply-chain agent ${detail}.`,
        advice:
          "Look at the logs of gateway and agent. SUPPLY_CHAIN_AGENT_URL must name an A2A agent that speaks the version in BACKEND_A2A_VERSION.",
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
      advice: "Something drops what is sent there, or the machine is overloaded: look at its log.",
    };
  }
  if (hop === "auth-server") {
    return {
      message: detail ? sentence(detail) : `${party} did not answer within ${timeoutSeconds} seconds.`,
      advice: "Look at the auth server's log, then start again.",
    };
  }
  // A gateway has its own patience.
  const within = code === "timeout" ? `within ${timeoutSeconds} seconds` : "in time for the gateway";
  return {
    message: `${party} did not answer ${within}.`,
    advice: `Look at its log and the gateway's. A run waits ${timeoutSeconds} seconds (SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS).`,
  };
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/**
 * Draft -11, section 11.4: so that a key which is newer than the last fetch stays unknown for a
 * while.
 */
const KEYS_OF_DRAFT_11 =
  "Its log says why. It must reach the documents of the person server, the access server and the agent provider (AAUTH_ENDPOINTS), and the clocks must agree. A key set is fetched once a minute at most: where one of these parties was restarted twice within a minute, start again after it.";

function signatureTexts({ hop, code, detail, isSenderUnknown }: Finding, { places }: Situation): Texts {
  const party = PARTIES[hop];
  const isDraft11 = places.hops !== undefined;
  if (isSenderUnknown) {
    return {
      message: `${party}, or a gateway before it, refused the request with status 401 and gave no reason.`,
      advice:
        "Look at the log of the agent, then at the gateway's. An agent of the published demo has to be named in AAUTH_PUBLISHED_PEERS, so that it can verify what it is sent.",
    };
  }
  if (code === "auth_token_rejected") {
    return {
      message: `${party} rejected the auth token${detail ? `: ${detail}` : "."}`,
      advice: isDraft11
        ? KEYS_OF_DRAFT_11
        : "Its log says why. It must trust the issuer of the token, be its audience and reach its keys: compare KEYCLOAK_URL, KEYCLOAK_REALM and SUPPLY_CHAIN_AGENT_ID_URL.",
    };
  }
  if (code === "insufficient_coverage") {
    return {
      message: `${party} did not accept the request's signature${detail ? `: it does not cover ${detail}` : ""}.`,
      advice:
        "The backend covers no body where AAUTH_PUBLISHED_PEERS names the agent: take it out, unless gateway and agent are to accept that of the backend.",
    };
  }
  if (code === "token_revoked") {
    return {
      message: `${party} no longer accepts the token of this request: it has been revoked.`,
      advice: "Start it again: the person server asks you.",
    };
  }
  return {
    message: `${party} did not accept the request's signature.`,
    advice: isDraft11
      ? KEYS_OF_DRAFT_11
      : `Check that ${places.backendUrl}/.well-known/aauth-agent can be reached from there and that both clocks agree. A new key is looked for three times in a row, then once per 10 s: after more restarts than that, start again in a moment.`,
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
        "Start the supply-chain agent, or set SUPPLY_CHAIN_AGENT_ADDR of the gateway to where it listens. If the gateway is a real Agentgateway, check that gateway-authz runs, too.",
    };
  }
  return code.startsWith("http_")
    ? {
        message: "The gateway cannot reach its authorization service.",
        advice: "Start gateway-authz, or set AAUTH_AUTHZ_HOST of the gateway to where it listens.",
      }
    : {
        message: `No connection could be made to the gateway at ${places.agentUrl}.`,
        advice: "Start the gateway, or set SUPPLY_CHAIN_AGENT_URL to where it listens.",
      };
}

function policyTexts({ hop, code }: Finding, { places }: Situation): Texts {
  const party = PARTIES[hop];
  if (code === "http_404" || code === "http_421") {
    return {
      message: `The gateway serves nothing at ${places.agentUrl}.`,
      advice: "Compare the host in SUPPLY_CHAIN_AGENT_URL with the hostnames of the gateway's routes.",
    };
  }
  if (/^http_(429|50[23])$/.test(code)) {
    return {
      message: `${party} gets too many requests at the moment.`,
      advice: "Wait a little and start again.",
    };
  }
  return {
    message: `${party} knows the backend and does not allow this request.`,
    advice:
      hop === "gateway"
        ? "Compare the authorization rules of the gateway's route with the agent and scope in the request."
        : (POLICY_ADVICE.get(code) ??
          "The auth token lacks a scope that the agent demands; see the agent's configuration."),
  };
}

/** By the code of the agent's refusal. */
const POLICY_ADVICE: ReadonlyMap<string, string> = new Map([
  [
    "untrusted_agent",
    "Add the backend's identity, BACKEND_AGENT_URL, to SUPPLY_CHAIN_TRUSTED_AGENTS of the agent.",
  ],
  [
    "user_required",
    "Let the auth server ask the user: make the agent's scopes need consent (`npm run consent`).",
  ],
]);

/** By OAuth error, which the auth server may word as it likes. */
const TOKEN_ADVICE: ReadonlyMap<string, string> = new Map([
  [
    "access_denied",
    "The realm's policy does not allow this agent or this scope; see the realm's aauth.* attributes.",
  ],
  ["invalid_scope", "Allow the scope in the realm's aauth.allowed.scopes, or ask for less."],
  [
    "invalid_signature",
    "The auth server must be able to fetch the backend's documents, below BACKEND_AGENT_URL.",
  ],
  [
    "invalid_grant",
    "The resource token or code was not accepted: the auth server must reach the supply-chain agent's documents through the gateway; compare the clocks, and start again after a restart of any service.",
  ],
]);
