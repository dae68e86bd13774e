import type { FastifyBaseLogger, FastifyInstance } from "fastify";

/** An OAuth error response to a delegate. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, description: string, options?: ErrorOptions) {
    super(description, options);
    this.status = status;
    this.code = code;
  }
}

/**
 * Answers each {@link TokenRefusal} in a scope with its status, `error` and `error_description`,
 * and logs the reason.
 */
export function answerRefusals(app: FastifyInstance, logger: FastifyBaseLogger, line: string): void {
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof TokenRefusal)) throw error;
    const { status, code, message, cause } = error;
    logger.warn({ code, reason: cause instanceof Error ? cause.message : message }, line);
    return reply
      .header("cache-control", "no-store")
      .code(status)
      .send({ error: code, error_description: message });
  });
}
