import { randomUUID } from "node:crypto";
import { decodeToken, type SigningKey } from "aauth";
import type { Agent } from "aauth/agent";
import { AnswerTooLargeError, readBounded } from "agent-kit/service";
import { SignJWT } from "jose";
import { z } from "zod";
import type { Credential } from "./credential.ts";

const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_SECONDS = 60;
const REQUEST_LIMIT_MS = 10_000;
/** Limit on an answer, which consists of a token and a number. */
const MAX_ANSWER_BYTES = 65_536;

const answerSchema = z.object({ agent_token: z.string(), expires_in: z.number().positive() });
export const refusalSchema = z.object({ error: z.string().max(100), error_description: z.string().max(500) });

/** The agent server issued no token. */
export class AgentTokenError extends Error {
  override readonly name = "AgentTokenError";
  /**
   * `error` of the answer, such as `invalid_client`; otherwise `no_answer` or `answer_too_large`.
   */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The requested agent token, with which the response is compared. */
export interface AgentTokenKind {
  /** `typ` of its header. */
  readonly type: string;
  readonly subject: string;
  /** For a sub-agent, the agent that it acts for. */
  readonly parentAgent?: string;
}

interface RequestOptions {
  readonly agentServer: string;
  readonly credential: Credential;
  readonly kind: AgentTokenKind;
  /** Signs with the key to which the token will be bound. */
  readonly keyHolder: Agent;
  readonly onReceived: (claims: Readonly<Record<string, unknown>>) => void;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * Requests one agent token and checks that it is the requested one.
 *
 * @throws AgentTokenError
 */
export async function requestAgentToken(key: SigningKey, options: RequestOptions): Promise<string> {
  const { agentServer, credential, kind, onReceived } = options;
  const { kty, crv, x } = key.publicJwk;
  const endpoint = `${agentServer}/delegate/token`;
  const body = {
    sub: credential.sub,
    cnf_jwk: { kty, crv, x },
    parent_agent: kind.parentAgent,
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: await assertionFor(key, endpoint, options),
  };
  const answer = await ask(endpoint, JSON.stringify(body), options);
  const { header, claims } = decodeToken(answer.agent_token);
  if (header.typ !== kind.type || claims.iss !== agentServer || claims.sub !== kind.subject) {
    throw new AgentTokenError(
      "no_answer",
      "the agent server answered with a token that is not this delegate's",
    );
  }
  onReceived(claims);
  return answer.agent_token;
}

async function ask(
  endpoint: string,
  body: string,
  { keyHolder }: RequestOptions,
): Promise<z.output<typeof answerSchema>> {
  let response: Response | undefined;
  let answer: unknown;
  try {
    response = await keyHolder.fetchFor({ signal: AbortSignal.timeout(REQUEST_LIMIT_MS) })(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body,
    });
    answer = JSON.parse(await readBounded(response, MAX_ANSWER_BYTES));
  } catch (cause) {
    if (cause instanceof AnswerTooLargeError)
      throw new AgentTokenError(cause.code, "the agent server's answer is too large", { cause });
    throw new AgentTokenError("no_answer", `the agent server ${withoutAnswer(response, cause)}`, { cause });
  }
  const parsed = answerSchema.safeParse(answer);
  if (response.ok && parsed.success) return parsed.data;
  const refusal = refusalSchema.safeParse(answer);
  if (!refusal.success)
    throw new AgentTokenError("no_answer", `the agent server answered with status ${response.status}`);
  const { error, error_description } = refusal.data;
  throw new AgentTokenError(error, `the agent server refused: ${error_description}`);
}

function withoutAnswer(response: Response | undefined, cause: unknown): string {
  if ((cause as Error).name === "TimeoutError")
    return `did not answer within ${REQUEST_LIMIT_MS / 1000} seconds`;
  return response === undefined
    ? "could not be reached"
    : `answered with status ${response.status}, and the answer cannot be read`;
}

async function assertionFor(
  key: SigningKey,
  endpoint: string,
  { credential, now }: RequestOptions,
): Promise<string> {
  const issuedAt = now();
  return new SignJWT({ cnf: { jkt: key.thumbprint } })
    .setProtectedHeader({ alg: "EdDSA", typ: "client-authentication+jwt" })
    .setIssuer(credential.sub)
    .setSubject(credential.sub)
    .setAudience(endpoint)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_SECONDS)
    .setJti(randomUUID())
    .sign(credential.key);
}
