import { AAuthError } from "aauth";
import { receivedFields } from "aauth/resource";
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";
import {
  agentAllowed,
  invalidRequest,
  noStore,
  OAuthError,
  oauthErrorOf,
  quoted,
  requiredParameter,
  sendOAuthError,
} from "issuer-kit";
import { recordTokenRefusal, recordTokenRequest, traceMessages } from "protocol-trace";
import type { RealmState } from "../realm/realm-state.ts";
import type { ConsentMemory } from "./consent/consent-memory.ts";
import { REQUEST_TYPES } from "./request-types/registry.ts";
import type { Form, RequestTypeContext } from "./request-types/request-type.ts";
import { accessDenied } from "./token-errors.ts";
import { type RequesterVerifier, sameAgent } from "./verify-requester.ts";

/**
 * `POST agent/token` and `POST agent/revoke` (profile 6.1). Order of checks: realm, signature,
 * form, policy, request type. Until the signature is verified, the response reveals nothing about
 * the request except a missing signature.
 */
export async function tokenEndpoint(
  app: FastifyInstance,
  options: {
    path: string;
    state: RealmState;
    verifier: RequesterVerifier;
    context: RequestTypeContext;
    /** Consents that a revocation deletes. */
    memory: Pick<ConsentMemory, "forget">;
    logger: FastifyBaseLogger;
  },
): Promise<void> {
  const { path, state, verifier, context, memory, logger } = options;

  traceMessages(app);
  // The signature covers the raw bytes of the body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "buffer" },
    (_request, body, done) => {
      done(null, body);
    },
  );
  sendErrors(app, logger);

  app.post(`${path}/token`, async (request, reply) => noStore(reply).send(await answer(request)));

  // As in RFC 7009, the response is the same for an unknown token, and only its owner can revoke
  // it. The consent is deleted, too: it would otherwise yield the next token without asking the
  // user.
  app.post(`${path}/revoke`, async (request, reply) => {
    requireServing();
    const { parameters, form } = readForm(request);
    const requester = await verifier.verify(signedForm(request));
    requireNoDuplicates(parameters);
    const token = requiredParameter(form, "token");
    const grant = await context.grants.refreshTokens.find(token);
    if (grant !== undefined && sameAgent(grant, requester)) {
      await context.grants.refreshTokens.take(token); // hole J20
      await memory.forget(grant);
      logger.info({ agent: grant.agent, resource: grant.resource }, "Refresh token revoked");
    }
    return noStore(reply).send({});
  });

  async function answer(request: FastifyRequest): Promise<object> {
    requireServing();
    const policy = state.policy();
    const { parameters, form } = readForm(request);
    const name = form.get("request_type");
    recordTokenRequest(name);
    // hole J15: REQUEST_TYPES[0]
    const type = REQUEST_TYPES.find((candidate) => candidate.name === name);
    const requester =
      type?.verify === undefined
        ? await verifier.verify(signedForm(request))
        : await type.verify(verifier, signedForm(request), form);
    requireNoDuplicates(parameters);
    if (!agentAllowed(policy, requester.agent)) throw accessDenied("Agent is not allowed by policy");
    if (name === undefined) throw invalidRequest("Missing required parameter: request_type");
    if (type === undefined)
      throw new OAuthError(400, "unsupported_grant_type", `Unsupported request_type: ${quoted(name)}`);
    return type.answer({ form, requester, policy }, context);
  }

  function requireServing(): void {
    if (!state.policy().enabled) throw invalidRequest("AAuth protocol is not enabled for this realm");
  }
}

/** Answers errors with OAuth error responses and logs their reasons. */
function sendErrors(app: FastifyInstance, logger: FastifyBaseLogger): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = oauthErrorOf(error);
    if (refusal !== undefined) {
      recordTokenRefusal(refusal);
      // Omits the query, which may contain a token by mistake.
      const path = request.url.split("?", 1)[0];
      const { cause, code, message: reason } = refusal;
      const details = cause instanceof AAuthError && { check: cause.code, cause: cause.message };
      logger.info({ code, reason, ...details, path }, "❌ Token request refused");
      return sendOAuthError(reply, refusal);
    }
    const { statusCode = 500, message } = error as { statusCode?: number; message: string };
    if (statusCode < 500)
      return sendOAuthError(reply, new OAuthError(statusCode, "invalid_request", message));
    logger.error({ err: error }, "Token request failed");
    return sendOAuthError(reply, new OAuthError(500, "server_error", "The request could not be answered"));
  });
}

function readForm(request: FastifyRequest) {
  const parameters = new URLSearchParams(bodyOf(request).toString("utf8"));
  return { parameters, form: new Map(parameters) as Form };
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
