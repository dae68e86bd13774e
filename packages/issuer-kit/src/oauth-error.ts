import { AAuthError, StoreFullError, StoreUnavailableError } from "aauth";
import { formatRefusal, REFUSAL_FIELD, refusalOf } from "aauth/resource";
import type { FastifyReply } from "fastify";

/**
 * An OAuth error response (RFC 6749 section 5.2). The description is for the caller and contains no
 * secret.
 */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly status: number;
  /** `error` of the response. */
  readonly code: string;

  constructor(status: number, code: string, description: string, options?: { cause?: unknown }) {
    super(printable(description), options);
    this.status = status;
    this.code = code;
  }
}

export function invalidRequest(description: string, cause?: unknown): OAuthError {
  return new OAuthError(400, "invalid_request", description, { cause });
}

/**
 * The response for an error that a handler throws: an `OAuthError`, or 503
 * `temporarily_unavailable` for a store that is full or cannot be reached, also if that is the
 * cause of the error. Undefined for any other error.
 */
export function oauthErrorOf(error: unknown): OAuthError | undefined {
  if (error instanceof OAuthError) return error;
  const unavailable = [error, error instanceof Error && error.cause].find(
    (reason) => reason instanceof StoreFullError || reason instanceof StoreUnavailableError,
  );
  if (unavailable === undefined) return undefined;
  const description =
    unavailable instanceof StoreFullError
      ? "Too much is being kept for others: try again later"
      : "What this server keeps cannot be read or written: try again later";
  return new OAuthError(503, "temporarily_unavailable", description, { cause: unavailable });
}

/** A value from the request, shortened to be repeated in a response. */
export function quoted(value: unknown): string {
  // `String` may throw for an object: its `toString` need not be a function.
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** The body is that of the published demo. If a check failed, its code is in a header. */
export function sendOAuthError(reply: FastifyReply, error: OAuthError): FastifyReply {
  const { cause } = error;
  if (cause instanceof AAuthError) reply.header(REFUSAL_FIELD, formatRefusal(refusalOf(cause)));
  return noStore(reply).code(error.status).send({ error: error.code, error_description: error.message });
}

/** For every response that could contain a token (RFC 6749 section 5.1). */
export function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store").header("pragma", "no-cache");
}

/** Descriptions are ASCII without double quote and backslash (RFC 6749 section 5.2). */
function printable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, "?"); // hole J14: text
}
