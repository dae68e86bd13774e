import { StoreFullError } from "aauth";
import type { FastifyError } from "fastify";
import fp from "fastify-plugin";

/** A refusal with a sentence for the caller. Its message is shown: never put a token, a path or a foreign text in it. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly statusCode: number;
  /** To branch on: `connection_refused`, … */
  readonly code: string | undefined;

  constructor(statusCode: number, detail: string, code?: string) {
    super(detail);
    this.statusCode = statusCode;
    this.code = code;
  }
}

/** Answers every error of its scope as `{"detail": …}`, the demo's shape; a stack never leaves the process. */
export const errorReplies = fp(
  async (app) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      if (error.validation) return reply.code(422).send({ detail: invalidFields(error) });
      const status = error.statusCode ?? 500;
      if (error instanceof HttpError) {
        const { code } = error;
        return reply.code(status).send({ detail: error.message, ...(code !== undefined && { code }) });
      }
      if (error instanceof StoreFullError) {
        const detail = "The backend keeps too much for other users; try again in a few minutes";
        return reply.code(503).send({ detail, code: error.code });
      }
      if (status < 500) return reply.code(status).send({ detail: error.message });
      request.log.error(
        { err: error, requestId: request.id, route: request.routeOptions.url },
        "request failed",
      );
      return reply.code(500).send({ detail: "The backend could not answer; its log has the reason." });
    });
  },
  { name: "error-replies", fastify: "5.x" },
);

function invalidFields(error: FastifyError): string {
  return error
    .validation!.map(({ instancePath, message }) => {
      const field = instancePath.slice(1).replaceAll("/", ".") || error.validationContext || "body";
      return `${field}: ${message ?? "not accepted"}`;
    })
    .join("; ");
}
