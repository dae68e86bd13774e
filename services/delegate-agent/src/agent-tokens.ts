import { randomUUID } from "node:crypto";
import { type Discovery, decodeToken, type SigningKey } from "aauth";
import { createAgent, type Transport } from "aauth/agent";
import { february2026 } from "aauth/february-2026";
import { AnswerTooLargeError, readBounded } from "agent-kit/service";
import { SignJWT } from "jose";
import { z } from "zod";
import type { Credential } from "./credential.ts";

const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_SECONDS = 60;
const RENEW_BEFORE_SECONDS = 30;
const REQUEST_LIMIT_MS = 10_000;
/** A token and a number. */
const MAX_ANSWER_BYTES = 65_536;

const answerSchema = z.object({ agent_token: z.string(), expires_in: z.number().positive() });
export const refusalSchema = z.object({ error: z.string().max(100), error_description: z.string().max(500) });

/** The agent server gave no token. */
export class AgentTokenError extends Error {
  override readonly name = "AgentTokenError";
  /** `error` of its answer, for example `invalid_client`; `no_answer` when it gave none, `answer_too_large`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The agent tokens that are asked for, compared with those that come. */
export interface AgentTokenKind {
  /** `typ` of its header. */
  readonly type: string;
  readonly subject: string;
  /** Of a sub-agent: the agent that it acts for. */
  readonly parentAgent?: string;
}

/** Agent tokens for a delegate's keys; each is asked for once, and again shortly before it ends. */
export interface AgentTokens {
  (key: SigningKey): Promise<string>;
  /** The token that is held is no good any more, as when the agent server has lost the key it was signed with: the next one is asked for. */
  drop(): void;
}

/**
 * Asks the agent server (profile 6.7), in draft -11 the agent provider. The request is signed with the key that the token shall be bound to, and carries a client
 * assertion that names this key, signed with the credential (RFC 7523).
 *
 * @throws (from the function) AgentTokenError
 */
export function createAgentTokens(options: {
  agentServer: string;
  credential: Credential;
  key: SigningKey;
  discovery: Discovery;
  transport: Transport;
  kind: AgentTokenKind;
  /** Receives the claims of each new token. */
  onReceived: (claims: Readonly<Record<string, unknown>>) => void;
  /** Unix seconds. */
  now: () => number;
}): AgentTokens {
  const { agentServer, credential, discovery, transport, kind, onReceived, now } = options;
  const endpoint = `${agentServer}/delegate/token`;
  // By its key alone: it has no identity before this is answered.
  const keyHolder = createAgent({
    profile: february2026,
    id: agentServer,
    key: options.key,
    signatureScheme: "hwk",
    mayIdentify: false,
    trustedAuthServers: [],
    discovery,
    transport,
    now,
  });
  let held: { thumbprint: string; token: Promise<string>; renewAt: number } | undefined;

  const agentTokens = (key: SigningKey): Promise<string> => {
    if (held?.thumbprint === key.thumbprint && now() < held.renewAt) return held.token;
    const asked = { thumbprint: key.thumbprint, token: request(key), renewAt: Number.POSITIVE_INFINITY };
    held = asked;
    asked.token.then(
      (token) => {
        const { exp } = decodeToken(token).claims as { exp: number };
        asked.renewAt = exp - Math.min(RENEW_BEFORE_SECONDS, (exp - now()) / 2);
      },
      () => {
        if (held === asked) held = undefined;
      },
    );
    return asked.token;
  };
  const drop = () => {
    held = undefined;
  };
  return Object.assign(agentTokens, { drop });

  async function request(key: SigningKey): Promise<string> {
    const { sub } = credential;
    const { kty, crv, x } = key.publicJwk;
    const body = {
      sub,
      cnf_jwk: { kty, crv, x },
      parent_agent: kind.parentAgent,
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: await assertionFor(key),
    };
    const answer = await ask(JSON.stringify(body));
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

  async function ask(body: string): Promise<z.output<typeof answerSchema>> {
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

  async function assertionFor(key: SigningKey): Promise<string> {
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
}
