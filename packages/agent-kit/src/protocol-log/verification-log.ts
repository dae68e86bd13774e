import {
  type AAuthEvent,
  type AAuthVerificationError,
  decodeToken,
  type Observer,
  type ProvenCaller,
  tokenId,
  type VerifiedRequest,
} from "aauth";
import { readChallenge } from "protocol-trace";
import type { ProtocolLogger } from "./protocol-logger.ts";

/** An observer for `fastify-aauth`. */
export type VerificationLog = Observer<{ method: string; url: string }>;

const SIGNATURE_HEADER_COUNT = 3;

/** Refusals of callers with a valid signature, which are challenged for more. */
const ASKED_FOR_MORE: ReadonlySet<string> = new Set([
  "identity_required",
  "person_required",
  "authorization_required",
  "insufficient_scope",
  "token_expired",
]);

/** Loggers with the names of the walk-through. */
const loggersOf = (logger: ProtocolLogger) => ({
  headers: logger.child({ logger: "http_headers_middleware" }),
  signing: logger.child({ logger: "aauth.signing" }),
  tokens: logger.child({ logger: "aauth.tokens" }),
  resourceTokens: logger.child({ logger: "resource_token_service" }),
  executor: logger.child({ logger: "agent_executor" }),
});

type Loggers = ReturnType<typeof loggersOf>;
type HintOf = (error: AAuthVerificationError) => string | undefined;
type Event<Type extends string> = Extract<AAuthEvent, { type: Type }>;

/**
 * Logs the verification of each request at a resource.
 *
 * @param logger its children are named as in the walk-through: `http_headers_middleware`,
 * `aauth.signing`, …
 * @param id identifier of the resource, without trailing slash
 * @param hint suggested setting for a refused message
 */
export function createVerificationLog(logger: ProtocolLogger, id: string, hint?: HintOf): VerificationLog {
  const loggers = loggersOf(logger);
  return (event, { method, url } = { method: "", url: "" }) => {
    // At higher levels, only failed signatures are logged.
    const isTold =
      loggers.executor.isLevelEnabled("info") || (event.type === "request_refused" && !isAskedForMore(event));
    if (!isTold) return;
    switch (event.type) {
      case "request_received": {
        const { signatureHeaders } = event;
        if (signatureHeaders.length === 0) return;
        loggers.headers.info({}, `🔐 AAuth signature headers detected: ${signatureHeaders.join(", ")}`);
        if (signatureHeaders.length < SIGNATURE_HEADER_COUNT) return;
        loggers.signing.info(
          {},
          `🔐 VERIFYING with: method=${method}, target_uri=${id}${url.split("?", 1)[0]}`,
        );
        return;
      }
      case "request_verified":
        return logVerified(event.verified, loggers);
      case "request_refused":
        return logRefused(event, hint, loggers);
      case "request_limited":
        return logLimited(event, loggers);
    }
  };
}

function logVerified({ caller, report }: VerifiedRequest, { signing, tokens, executor }: Loggers): void {
  const { scheme, thumbprint, agent, grant, person, profile } = caller;
  signing.info({ scheme, thumbprint }, "✅ AAuth signature verification successful");
  if (report.bodyBound === false) signing.warn({ agent, profile }, "⚠️ The signature does not cover the body");
  if (grant !== undefined) {
    tokens.info(
      // The verifier has already decoded the token.
      { id: tokenId(grant.token), claims: grant.claims, token: grant.token },
      "🔐 Received auth_token in request (HTTPSig scheme=jwt)",
    );
    tokens.info({ scope: grant.scopes.join(" ") }, "✅ Auth token verified successfully");
    // An auth token of draft -11 names the person and no agent.
    const whose = agent === undefined ? `person: ${person?.sub}` : `agent: ${agent}`;
    const message = `✅ Authorization successful: auth_token verified for ${whose}`;
    executor.info(delegateOf(caller), message);
  } else if (agent !== undefined) {
    executor.info(
      { agent, ...delegateOf(caller) },
      `🔐 Accepting request with valid signature (signature-only mode, scheme=${scheme})`,
    );
  } else if (person !== undefined) {
    executor.info({ personServer: person.iss }, `🔐 Accepting request with person_token for: ${person.sub}`);
  } else {
    executor.info({}, "🔐 Accepting HWK (pseudonymous) request");
  }
}

function logLimited({ limit, challenge }: Event<"request_limited">, loggers: Loggers): void {
  const { executor } = loggers;
  const { level, retryAfterSeconds } = limit;
  const asked = readChallenge(challenge.headers);
  const fields = { callerLevel: level, retryAfterSeconds, raisedBy: asked?.level };
  executor.info(fields, "⚠️ Rate limit reached for this level");
  logChallenge(challenge.status, asked, loggers);
}

function logChallenge(
  status: number,
  asked: ReturnType<typeof readChallenge>,
  { executor, resourceTokens }: Loggers,
): void {
  if (asked?.resourceToken !== undefined) logIssued(asked.resourceToken, resourceTokens);
  executor.info({}, `🔐 Returning ${status}${asked ? ` with ${asked.field} header` : ""}`);
}

function logIssued(resourceToken: string, logger: Loggers["resourceTokens"]): void {
  // The challenger has just issued it, so it can be decoded.
  const { claims } = decodeToken(resourceToken);
  const fields = { id: tokenId(resourceToken), claims, token: resourceToken };
  logger.info(fields, "🔐 Issuing resource_token");
}

function logRefused(
  { error, challenge }: Event<"request_refused">,
  hintOf: HintOf | undefined,
  loggers: Loggers,
): void {
  const { signing, executor } = loggers;
  if (isAskedForMore({ error })) {
    const { scheme, thumbprint } = error.report ?? {};
    if (error.code !== "token_expired") {
      signing.info({ scheme, thumbprint }, "✅ AAuth signature verification successful");
    }
    executor.info({ code: error.code }, `🔐 Authorization required: ${wanted(error)}`);
  } else {
    const { code, check } = error;
    const hint = hintOf?.(error);
    const fields = { code, check, reason: error.message, ...(hint !== undefined && { hint }) };
    signing.warn(fields, "❌ AAuth signature verification failed");
  }
  if (challenge !== undefined) logChallenge(challenge.status, readChallenge(challenge.headers), loggers);
}

/** The acting delegate of an agent. */
function delegateOf({ delegate }: ProvenCaller): { delegate?: string } {
  return delegate === undefined ? {} : { delegate };
}

function isAskedForMore({ error }: { error: AAuthVerificationError }): boolean {
  return ASKED_FOR_MORE.has(error.code);
}

function wanted(error: AAuthVerificationError): string {
  if (error.code === "person_required") return "person_token missing";
  return error.code === "identity_required" ? "agent identity missing" : "auth_token missing or invalid";
}
