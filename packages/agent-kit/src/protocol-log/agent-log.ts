import type { AgentEvent, RetryReason, ShownToken, TokenRequestType } from "aauth/agent";
import type { ProtocolLogger } from "./protocol-logger.ts";

/** An observer for `aauth/agent`. `context` rides along on every line, for example the run it belongs to. */
export type AgentLog = (event: AgentEvent, context?: Readonly<Record<string, unknown>>) => void;

/** How the walk-through marks tokens that came by another way than a plain request. */
const REQUEST_TYPE_SUFFIX: Readonly<Record<TokenRequestType, string>> = {
  code: " (code exchange)",
  refresh: " (refresh)",
  exchange: " (exchange)",
};

/** What a sub-agent asks its parent for: `requestType` of its events. */
export const PARENT_REQUESTS = { person: "parent: person-token", auth: "parent: auth-token" } as const;

/** What is asked for, and of whom, where it is not February's auth token. */
const WANTED: Readonly<Record<TokenRequestType, string>> = {
  "person-token": "person_token from person server",
  "auth-token": "auth_token from person server",
  interaction: "an interaction by person server",
  [PARENT_REQUESTS.person]: "person_token from the parent",
  [PARENT_REQUESTS.auth]: "auth_token from the parent",
};
const wantedOf = (requestType: TokenRequestType) => WANTED[requestType] ?? "auth_token from auth server";

const RETRY_PROOF: Readonly<Record<RetryReason, string>> = {
  authorization: "auth_token",
  identity: "identity",
  token_refused: "identity instead of the refused auth_token",
};

/**
 * Tells how an agent called a resource, step by step.
 *
 * @param logger its children are named as in the walk-through: `aauth.signing`, `aauth.tokens`, `aauth_token_service`
 * @param resource what the log calls the resource, for example `supply-chain-agent`
 */
export function createAgentLog(logger: ProtocolLogger, resource: string): AgentLog {
  const signing = logger.child({ logger: "aauth.signing" });
  const tokens = logger.child({ logger: "aauth.tokens" });
  const tokenService = logger.child({ logger: "aauth_token_service" });

  return (event, context = {}) => {
    // All of it is logged at `info` and below.
    if (!signing.isLevelEnabled("info")) return;
    switch (event.type) {
      case "request_signed": {
        const { method, url, scheme, coveredComponents, signatureBase } = event;
        const covered = coveredComponents.join(" ");
        signing.info({ ...context, scheme, covered }, `🔐 SIGNING with: method=${method}, target_uri=${url}`);
        signing.debug({ ...context, signatureBase }, "🔐 Signature base");
        return;
      }
      case "response_received":
        tokenService.debug({ ...context, status: event.status, url: event.url }, "🔐 Response received");
        return;
      case "challenge_received": {
        const { status, url, level, authServer, resourceToken } = event;
        tokens.info({ ...context, wanted: level }, `🔐 ${status} from ${resource} (url=${url})`);
        if (resourceToken === undefined) return;
        tokenService.info(
          { ...context, authServer, ...shown(resourceToken) },
          "🔐 Received resource_token from 401",
        );
        return;
      }
      case "resource_token_requested":
        tokenService.info(
          { ...context, scope: event.scope },
          `🔐 Requesting resource_token from ${resource} beforehand (url=${event.url})`,
        );
        return;
      case "resource_token_received":
        tokenService.info(
          { ...context, authServer: event.authServer, ...shown(event.resourceToken) },
          "🔐 Received resource_token from resource_token_endpoint",
        );
        return;
      case "token_requested": {
        const { requestType, authServer } = event;
        const message =
          requestType === "exchange"
            ? "🔄 Token exchange: upstream_auth_token=present"
            : `🔐 Requesting ${wantedOf(requestType)}`;
        tokenService.info({ ...context, requestType, authServer }, message);
        return;
      }
      case "token_received": {
        const { requestType } = event;
        const suffix = REQUEST_TYPE_SUFFIX[requestType] ?? "";
        const fields = { ...context, ...shown(event.token) };
        tokens.info(fields, `🔐 Received ${wantedOf(requestType)}${suffix}`);
        return;
      }
      case "token_cache_hit":
        tokenService.info({ ...context, id: event.tokenId }, "✅ Using the auth_token received earlier");
        return;
      case "consent_required":
        tokenService.info(
          { ...context, expiresInSeconds: event.expiresInSeconds },
          "🔐 Received request_token from auth server (user consent required)",
        );
        return;
      case "request_retried": {
        tokenService.info(
          { ...context, scheme: event.scheme },
          `🔄 Retrying request with ${RETRY_PROOF[event.reason]}`,
        );
        return;
      }
      case "answer_pending": {
        const { party, requirement } = event;
        tokenService.info({ ...context, requirement }, `⏳ The answer of ${party} is pending`);
        return;
      }
      case "interaction_required": {
        // The page without its code: the person has to be the first to bring it.
        const { party, url, isRelayed } = event;
        tokenService.info({ ...context, url, isRelayed }, `⏳ ${party} needs a person`);
        return;
      }
      case "clarification_answered":
        tokenService.info({ ...context, action: event.action }, `⏳ Answered a question of ${event.party}`);
        return;
      case "session_received":
        tokenService.info(context, `🔐 Received a session token from ${event.resource}`);
    }
  };
}

function shown({ tokenId, claims, token }: ShownToken): object {
  return { id: tokenId, claims, ...(token === undefined ? {} : { token }) };
}
