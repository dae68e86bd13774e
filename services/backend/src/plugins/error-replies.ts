import { StoreFullError, StoreUnavailableError } from "aauth";
import type { FastifyError } from "fastify";
import fp from "fastify-plugin";
import { BackendError, type ErrorKind } from "../errors.ts";
import { UserKeysUnavailableError, UserTokenError } from "../users/user-token.ts";

const STATUS: Readonly<Record<ErrorKind, number>> = {
  not_signed_in: 403,
  not_found: 404,
  conflict: 409,
  too_many: 429,
  unreachable: 502,
  not_in_profile: 501,
};

/** A restarted database is available within a few seconds. */
const RETRY_AFTER_SECONDS = 5;

interface ErrorReply {
  readonly status: number;
  readonly body: { readonly detail: string; readonly code?: string };
}

/**
 * Answers every error of its scope with `{"detail": …}`, as the published demo does. Stack traces
 * are never sent.
 */
export const errorReplies = fp(
  async (app) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      const { status, body } = replyFor(error);
      const context = { err: error, requestId: request.id, route: request.routeOptions.url };
      if (error instanceof UserTokenError)
        request.log.info({ requestId: request.id, reason: error.message }, "user token refused");
      else if (status >= 500) request.log.error(context, "❌ request failed");
      if (error instanceof StoreUnavailableError) reply.header("retry-after", RETRY_AFTER_SECONDS);
      return reply.code(status).send(body);
    });
  },
  { name: "error-replies", fastify: "5.x" },
);

function replyFor(error: FastifyError): ErrorReply {
  if (error.validation) return refusal(422, invalidFields(error));
  if (error instanceof BackendError) return refusal(STATUS[error.kind], error.message, error.code);
  if (error instanceof UserTokenError) return refusal(401, "Invalid or expired token");
  if (error instanceof UserKeysUnavailableError)
    return refusal(503, "Sign-in cannot be checked: the auth server is not responding");
  if (error instanceof StoreFullError) {
    const detail = "The backend's storage is in use by other users; try again in a few minutes";
    return refusal(503, detail, error.code);
  }
  if (error instanceof StoreUnavailableError)
    return refusal(503, "The backend cannot reach its store; try again in a moment", error.code);
  const status = error.statusCode ?? 500;
  return status < 500
    ? refusal(status, error.message)
    : refusal(500, "Internal error; the backend's log has the reason.");
}

function refusal(status: number, detail: string, code?: string): ErrorReply {
  return { status, body: { detail, ...(code !== undefined && { code }) } };
}

function invalidFields(error: FastifyError): string {
  return error
    .validation!.map(({ instancePath, message }) => {
      const field = instancePath.slice(1).replaceAll("/", ".") || error.validationContext || "body";
      return `${field}: ${message ?? "invalid"}`;
    })
    .join("; ");
}
