import { decodeToken, tokenId } from "aauth";
import type { Agent, ObtainedToken, SubAgentTokenInput } from "aauth/agent";
import { PARENT_REQUESTS } from "agent-kit/protocol-log";
import { readBounded } from "agent-kit/service";
import { z } from "zod";
import { AgentTokenError, refusalSchema } from "./agent-token-request.ts";

const MAX_ANSWER_BYTES = 65_536;

/** Codes of an {@link AgentTokenError} that a new agent token may resolve. */
export const REFUSED_BY_PARENT: ReadonlySet<string> = new Set([
  "agent_token_refused",
  "agent_token_replaced",
]);

/** An {@link ObtainedToken} as received from the parent. */
const grantSchema = z.object({
  token: z.string(),
  server: z.string(),
  resource: z.string(),
  scope: z.string(),
  subject: z.string(),
  thumbprint: z.string(),
  expiresAt: z.number(),
  renewAt: z.number(),
});

/**
 * Requests tokens from the parent, because only the parent calls the person server (draft -11,
 * section 10.2). The request is signed with the sub-agent's own agent token, which the parent
 * passes on as `subagent_token`.
 *
 * @throws (from the function) AgentTokenError with the code of the parent's refusal
 */
export function askParent(options: {
  /** The agent that calls the provider. */
  channel: Agent;
  /** Identifier of the agent provider, which hosts the parent. */
  provider: string;
  /** Thumbprint of the sub-agent's key. */
  thumbprint: string;
}): (input: SubAgentTokenInput) => Promise<ObtainedToken> {
  const { channel, provider, thumbprint } = options;
  const url = `${provider}/delegate/grant`;

  return async ({ resource, resourceToken, presentedToken, observer, signal }) => {
    const requestType = resourceToken === undefined ? PARENT_REQUESTS.person : PARENT_REQUESTS.auth;
    const about = { server: provider, requestType };
    observer?.({ type: "token_requested", url, ...about });
    const body = { resource, resource_token: resourceToken, presented_token: presentedToken };
    const response = await channel.fetchFor({ signal })(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await readAnswer(response);
    const granted = grantSchema.safeParse(answer);
    if (!response.ok || !granted.success) throw refusalOf(response.status, answer);
    const grant = granted.data;
    if (grant.thumbprint !== thumbprint)
      throw new AgentTokenError("no_answer", "the parent answered with a token for another key");
    const { header, claims } = decodeToken(grant.token);
    const token = { header, claims, tokenId: tokenId(grant.token) };
    const expiresInSeconds = grant.expiresAt - Number(claims.iat);
    observer?.({ type: "token_received", token, expiresInSeconds, ...about });
    return grant;
  };
}

async function readAnswer(response: Response): Promise<unknown> {
  const text = await readBounded(response, MAX_ANSWER_BYTES);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOf(status: number, answer: unknown): AgentTokenError {
  const refusal = refusalSchema.safeParse(answer);
  if (refusal.success) {
    const { error, error_description } = refusal.data;
    return new AgentTokenError(error, `the parent refused: ${error_description}`);
  }
  return status === 401
    ? new AgentTokenError("agent_token_refused", "the parent did not accept the agent token")
    : new AgentTokenError("no_answer", `the parent answered with status ${status}`);
}
