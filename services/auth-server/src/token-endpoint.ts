import { AAuthError } from "aauth";
import { receivedFields } from "aauth/resource";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";
import { recordTokenRefusal, recordTokenRequest, traceMessages } from "protocol-trace";
import type { ConsentMemory } from "./consent/consent-memory.ts";
import { accessDenied, invalidRequest, noStore, OAuthError, quoted, sendOAuthError } from "./oauth-error.ts";
import { agentAllowed } from "./realm/policy.ts";
import type { RealmState } from "./realm/realm-state.ts";
import { handleAuth } from "./request-types/auth.ts";
import { handleCode, sameAgent } from "./request-types/code.ts";
import { handleExchange } from "./request-types/exchange.ts";
import { handleRefresh } from "./request-types/refresh.ts";
import { type Answer, type RequestTypeContext, requiredParameter } from "./request-types/request-type.ts";
import type { RequesterVerifier } from "./verify-requester.ts";

export const REQUEST_TYPES = ["auth", "code", "refresh", "exchange"] as const;

/**
 * `POST agent/token` and `POST agent/revoke` (profile 6.1). Order of checks: realm, signature, form, policy, request type.
 * Nothing is said about a request before its signature has been proven, except that one is missing.
 */
export async function tokenEndpoint(
  app: FastifyInstance,
  options: {
    path: string;
    state: RealmState;
    verifier: RequesterVerifier;
    context: RequestTypeContext;
    /** What a revocation makes the server forget. */
    memory: Pick<ConsentMemory, "forget">;
    logger: FastifyBaseLogger;
  },
): Promise<void> {
  const { path, state, verifier, context, memory, logger } = options;

  traceMessages(app);
  // The signature covers the bytes of the body, so they are kept as they came.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "buffer" },
    (_request, body, done) => {
      done(null, body);
    },
  );
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof OAuthError) {
      recordTokenRefusal(error);
      // Without the query: there is none, and what somebody puts there by mistake may be a token.
      const path = request.url.split("?", 1)[0];
      const { cause } = error;
      const details = cause instanceof AAuthError && { check: cause.code, cause: cause.message };
      logger.info({ code: error.code, reason: error.message, ...details, path }, "❌ Token request refused");
      return sendOAuthError(reply, error);
    }
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    if (statusCode < 500)
      return sendOAuthError(reply, new OAuthError(statusCode, "invalid_request", message));
    logger.error({ err: error }, "Token request failed");
    return sendOAuthError(reply, new OAuthError(500, "server_error", "The request could not be answered"));
  });

  app.post(`${path}/token`, async (request, reply) => noStore(reply).send(await answer(request)));

  // As RFC 7009: the answer is the same whether or not there was such a token; only its owner can revoke it. With the token goes the
  // consent behind it, which would otherwise bring the next one without anybody being asked.
  app.post(`${path}/revoke`, async (request, reply) => {
    requireServing();
    const { parameters, form } = readForm(request);
    const requester = await verifier.verify(signedForm(request));
    requireNoDuplicates(parameters);
    const token = requiredParameter(form, "token");
    const grant = await context.grants.refreshTokens.find(token);
    if (grant !== undefined && sameAgent(grant, requester)) {
      await context.grants.refreshTokens.take(token);
      await memory.forget(grant);
      logger.info({ agent: grant.agent, resource: grant.resource }, "Refresh token revoked");
    }
    return noStore(reply).send({});
  });

  async function answer(request: FastifyRequest): Promise<Answer> {
    requireServing();
    const policy = state.policy();
    const { parameters, form } = readForm(request);
    const type = form.get("request_type");
    recordTokenRequest(type);
    if (type === "exchange" && form.get("resource_token")) {
      const requester = await verifier.verifyExchange(
        signedForm(request),
        form.get("resource_token") as string,
      );
      requireNoDuplicates(parameters);
      requireAllowed(requester.agent);
      if (!policy.exchangeEnabled) throw invalidRequest("Token exchange is not enabled for this realm");
      return handleExchange({ form, requester, policy }, context);
    }

    const requester = await verifier.verify(signedForm(request));
    requireNoDuplicates(parameters);
    requireAllowed(requester.agent);
    switch (type) {
      case "auth":
        return handleAuth({ form, requester, policy }, context);
      case "code":
        return handleCode({ form, requester, policy }, context);
      case "refresh":
        return handleRefresh({ form, requester, policy }, context);
      case "exchange":
        throw invalidRequest("Missing required parameter: resource_token");
      case undefined:
        throw invalidRequest("Missing required parameter: request_type");
      default:
        throw new OAuthError(400, "unsupported_grant_type", `Unsupported request_type: ${quoted(type)}`);
    }
  }

  function requireServing(): void {
    if (!state.policy().enabled) throw invalidRequest("AAuth protocol is not enabled for this realm");
  }

  function requireAllowed(agent: string): void {
    if (!agentAllowed(state.policy(), agent)) throw accessDenied("Agent is not allowed by policy");
  }
}

function readForm(request: FastifyRequest) {
  const parameters = new URLSearchParams(bodyOf(request).toString("utf8"));
  return { parameters, form: new Map(parameters) as ReadonlyMap<string, string> };
}

function requireNoDuplicates(parameters: URLSearchParams): void {
  const seen = new Set<string>();
  for (const name of parameters.keys()) {
    if (seen.has(name)) throw invalidRequest(`duplicated parameter: ${quoted(name)}`);
    seen.add(name);
  }
}

function signedForm(request: FastifyRequest) {
  const { method, raw } = request;
  return { method, target: raw.url as string, headers: receivedFields(raw), body: bodyOf(request) };
}

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
