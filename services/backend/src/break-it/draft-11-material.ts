import { decodeToken } from "aauth";
import { signingToken } from "agent-kit/draft-11";
import type { SentRequest } from "./evidence.ts";

/** What a run of draft -11 has left behind to tamper with. */
export interface Draft11Material {
  /** The last request to the agent that was accepted, or else the last one. */
  readonly request: SentRequest;
  /** The agent token, person token or auth token that it was signed with. */
  readonly token: string;
  /** Its `typ`. */
  readonly type: string;
  /** The last request for an auth token: where it went, and its two tokens. */
  readonly grant?: { readonly url: string; readonly resourceToken: string; readonly presentedToken: string };
}

/** Finds it; undefined when the run has sent nothing to the agent, or too long ago. */
export function draft11MaterialOf(
  sent: readonly SentRequest[],
  agentUrl: string,
): Draft11Material | undefined {
  const toAgent = sent.filter(({ url }) => new URL(url).origin === agentUrl);
  const request = toAgent.findLast(({ status }) => status < 300) ?? toAgent.at(-1);
  if (request === undefined) return undefined;
  const token = tokenOf(request);
  const grant = sent.map(grantIn).findLast((found) => found !== undefined);
  return { request, token, type: String(decodeToken(token).header.typ), ...(grant && { grant }) };
}

/** The token that an agent's request is signed with. */
export function tokenOf({ headers }: Pick<SentRequest, "headers">): string {
  // An agent signs with a token always.
  return signingToken(headers)!;
}

function grantIn({ url, body }: SentRequest): Draft11Material["grant"] {
  const members = JSON.parse(new TextDecoder().decode(body)) as Readonly<Record<string, unknown>>;
  const { resource_token: resourceToken, presented_token: presentedToken } = members;
  return typeof resourceToken === "string" && typeof presentedToken === "string"
    ? { url, resourceToken, presentedToken }
    : undefined;
}
