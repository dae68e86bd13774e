import { parseSignatureKey } from "aauth/february-2026";
import type { SentRequest } from "./evidence.ts";

/** What a run has left behind to tamper with. */
export interface Material {
  /** The last request to the agent that was accepted, or else the last one. */
  readonly request: SentRequest;
  /** The auth token it carried. */
  readonly authToken?: string;
  /** The last token request with a resource token, and that token. */
  readonly grant?: { readonly request: SentRequest; readonly resourceToken: string };
}

/** Finds it; undefined when the run has sent nothing to the agent, or too long ago. */
export function materialOf(sent: readonly SentRequest[], agentUrl: string): Material | undefined {
  const toAgent = sent.filter(({ url }) => new URL(url).origin === new URL(agentUrl).origin);
  const request = toAgent.findLast(({ status }) => status < 300) ?? toAgent.at(-1);
  if (request === undefined) return undefined;
  const authToken = authTokenIn(request);
  const grant = sent
    .map((candidate) => ({ request: candidate, resourceToken: resourceTokenIn(candidate) }))
    .findLast(({ resourceToken }) => resourceToken !== undefined);
  return {
    request,
    ...(authToken !== undefined && { authToken }),
    ...(grant?.resourceToken !== undefined && {
      grant: { request: grant.request, resourceToken: grant.resourceToken },
    }),
  };
}

function authTokenIn({ headers }: SentRequest): string | undefined {
  const claim = parseSignatureKey(headers["signature-key"] ?? "");
  return claim.scheme === "jwt" ? claim.jwt : undefined;
}

function resourceTokenIn({ headers, body }: SentRequest): string | undefined {
  if (headers["content-type"] !== "application/x-www-form-urlencoded") return undefined;
  return new URLSearchParams(new TextDecoder().decode(body)).get("resource_token") ?? undefined;
}
