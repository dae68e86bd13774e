import type { AAuthEvent } from "aauth";
import type { RetryReason, ShownToken, TokenRequestType } from "aauth/agent";
import type { ProtocolLogger } from "./protocol-logger.ts";

/** An observer for `aauth/agent`. `context` is added to every line, for example the run. */
export type AgentLog = (event: AAuthEvent, context?: Readonly<Record<string, unknown>>) => void;

/** Marks of the walk-through for tokens that were not obtained by a plain request. */
const REQUEST_TYPE_SUFFIX: Readonly<Record<TokenRequestType, string>> = {
  code: " (code exchange)",
  refresh: " (refresh)",
  exchange: " (exchange)",
};

/** `requestType` in the events of a sub-agent's requests to its parent. */
export const PARENT_REQUESTS = { person: "parent: person-token", auth: "parent: auth-token" } as const;

/** Requested token or action and its server, unless it is an auth server's token. */
const WANTED: Readonly<Record<TokenRequestType, string>> = {
  "person-token": "person_token from person server",
  "auth-token": "auth_token from person server",
  interaction: "an interaction by person server",
  mission: "approval of a mission from person server",
  "mission-update": "approval of a mission's update from person server",
  "mission-completion": "approval of a mission's completion from person server",
  permission: "a permission from person server",
  [PARENT_REQUESTS.person]: "person_token from the parent",
  [PARENT_REQUESTS.auth]: "auth_token from the parent",
};
const wantedOf = (requestType: TokenRequestType) => WANTED[requestType] ?? "auth_token from auth server";

const RETRY_PROOF: Readonly<Record<RetryReason, string>> = {
  authorization: "auth_token",
  identity: "identity",
  token_refused: "identity instead of the refused auth_token",
};

interface Line {
  readonly logger: "signing" | "tokens" | "service";
  /** Default `info`. */
  readonly level?: "debug";
  readonly fields?: object;
  readonly message: string;
}

/**
 * Logs an agent's call to a resource, step by step.
 *
 * @param logger its children are named as in the walk-through: `aauth.signing`, `aauth.tokens`,
 * `aauth_token_service`
 * @param resource name of the resource in the log, for example `supply-chain-agent`
 */
export function createAgentLog(logger: ProtocolLogger, resource: string): AgentLog {
  const loggers = {
    signing: logger.child({ logger: "aauth.signing" }),
    tokens: logger.child({ logger: "aauth.tokens" }),
    service: logger.child({ logger: "aauth_token_service" }),
  };
  return (event, context = {}) => {
    // All lines have level `info` or lower.
    if (!logger.isLevelEnabled("info")) return;
    for (const line of linesOf(event, resource))
      loggers[line.logger][line.level ?? "info"]({ ...context, ...line.fields }, line.message);
  };
}

function linesOf(event: AAuthEvent, resource: string): readonly Line[] {
  const service = (message: string, fields?: object): Line => ({
    logger: "service",
    message,
    ...(fields && { fields }),
  });
  switch (event.type) {
    case "request_signed": {
      const { method, url, scheme, coveredComponents, signatureBase } = event;
      const fields = { scheme, covered: coveredComponents.join(" ") };
      return [
        { logger: "signing", fields, message: `🔐 SIGNING with: method=${method}, target_uri=${url}` },
        { logger: "signing", level: "debug", fields: { signatureBase }, message: "🔐 Signature base" },
      ];
    }
    case "response_received":
      return [
        { ...service("🔐 Response received", { status: event.status, url: event.url }), level: "debug" },
      ];
    case "challenge_received": {
      const { status, url, level, server: authServer, resourceToken } = event;
      const message = `🔐 ${status} from ${resource} (url=${url})`;
      const received =
        resourceToken &&
        service("🔐 Received resource_token from 401", { authServer, ...shown(resourceToken) });
      return [{ logger: "tokens", fields: { wanted: level }, message }, ...(received ? [received] : [])];
    }
    case "resource_token_requested": {
      const message = `🔐 Requesting resource_token from ${resource} beforehand (url=${event.url})`;
      return [service(message, { scope: event.scope })];
    }
    case "resource_token_received": {
      const { server: authServer, resourceToken } = event;
      const message = "🔐 Received resource_token from resource_token_endpoint";
      return [service(message, { authServer, ...shown(resourceToken) })];
    }
    case "token_requested": {
      const { requestType, server: authServer } = event;
      const message =
        requestType === "exchange"
          ? "🔄 Token exchange: upstream_auth_token=present"
          : `🔐 Requesting ${wantedOf(requestType)}`;
      return [service(message, { requestType, authServer })];
    }
    case "token_received": {
      const suffix = REQUEST_TYPE_SUFFIX[event.requestType] ?? "";
      const message = `🔐 Received ${wantedOf(event.requestType)}${suffix}`;
      return [{ logger: "tokens", fields: shown(event.token), message }];
    }
    case "token_cache_hit":
      return [service("✅ Using the auth_token received earlier", { id: event.tokenId })];
    case "consent_required": {
      const message = "🔐 Received request_token from auth server (user consent required)";
      return [service(message, { expiresInSeconds: event.expiresInSeconds })];
    }
    case "request_retried":
      return [service(`🔄 Retrying request with ${RETRY_PROOF[event.reason]}`, { scheme: event.scheme })];
    case "answer_pending":
      return [service(`⏳ The answer of ${event.party} is pending`, { requirement: event.requirement })];
    case "interaction_required": {
      // The page without its code, which the person must use first.
      const { party, url, isRelayed } = event;
      return [service(`⏳ ${party} needs a person`, { url, isRelayed })];
    }
    case "clarification_answered":
      return [service(`⏳ Answered a question of ${event.party}`, { action: event.action })];
    case "session_received":
      return [service(`🔐 Received a session token from ${event.resource}`)];
    default:
      return [];
  }
}

function shown({ tokenId, claims, token }: ShownToken): object {
  return { id: tokenId, claims, ...(token === undefined ? {} : { token }) };
}
