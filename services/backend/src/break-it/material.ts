import { membersOf, type SentRequest } from "../calls/evidence.ts";

/** Requests and tokens of a run, to tamper with. */
export interface Material {
  /** The last accepted request to the agent, or the last one if none was accepted. */
  readonly request: SentRequest;
  /** Token of that request. Absent if it is signed with a key or an identity alone. */
  readonly token?: string;
  /** The last request for an auth token, with the tokens in it. */
  readonly grant?: {
    readonly request: SentRequest;
    readonly resourceToken: string;
    readonly presentedToken?: unknown;
  };
}

/**
 * Finds the material of a run; undefined if the run has sent nothing to the agent, or its requests
 * are no longer kept.
 *
 * @param tokenIn returns the token that a request was signed with
 */
export function materialOf(
  sent: readonly SentRequest[],
  agentUrl: string,
  tokenIn: (request: SentRequest) => string | undefined,
): Material | undefined {
  const { origin } = new URL(agentUrl);
  const toAgent = sent.filter(({ url }) => new URL(url).origin === origin);
  const request = toAgent.findLast(({ status }) => status < 300) ?? toAgent.at(-1);
  if (request === undefined) return undefined;
  const token = tokenIn(request);
  const grant = sent.map(grantIn).findLast((found) => found !== undefined);
  return { request, ...(token !== undefined && { token }), ...(grant && { grant }) };
}

function grantIn(request: SentRequest): Material["grant"] {
  const { resource_token: resourceToken, presented_token: presentedToken } = membersOf(request);
  return typeof resourceToken === "string" ? { request, resourceToken, presentedToken } : undefined;
}
