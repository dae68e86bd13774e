/**
 * Requests for person tokens at a person server of draft -11, each on an agent token that no other
 * was sent with.
 *
 * @module
 */

import { draft11, generateSigningKey, importSigningKey, type PrivateJwk, signRequest } from "aauth";
import { issueAgentToken } from "aauth/server";
import { request } from "undici";

export const PERSON_SERVER = "https://ps.example";
export const RESOURCE = "https://resource.example";

/** Sends a request as the agent of this number. */
export type RequestToken = (agent: number) => Promise<number>;

/** A request on an agent token of its own. */
export interface SignedTokenRequest {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const CONTENT = { "content-type": "application/json" };
const agentKey = await generateSigningKey({ kid: "agent-1" });
let count = 0;

/**
 * Signs a request of an agent, for a person token or for a resource.
 *
 * @param host of the agents' provider, and of their names
 */
export async function signTokenRequest(
  host: string,
  agent: number,
  { provider, to }: { readonly provider: PrivateJwk; readonly to: "person-server" | "resource" },
): Promise<SignedTokenRequest> {
  const { token: jwt } = await issueAgentToken({
    ...{ issuer: `https://${host}`, personServer: PERSON_SERVER },
    ...{ key: await importSigningKey(provider, { kid: "ap-1" }) },
    ...{ agent: `aauth:a${agent}@${host}`, confirmationKey: agentKey.publicJwk, lifetimeSeconds: 86_400 },
  });
  const body = new TextEncoder().encode(JSON.stringify({ resource: RESOURCE, count: count++ }));
  const isToken = to === "person-server";
  const [server, path] = isToken ? [PERSON_SERVER, "/aauth/person"] : [RESOURCE, "/"];
  const signed = await signRequest(
    { method: "POST", url: server + path, headers: CONTENT, body },
    {
      ...{ key: agentKey, profile: draft11, signatureKey: { scheme: "jwt", jwt } },
      ...(isToken && { endpoint: "token" }),
    },
  );
  return { path, body, headers: { ...CONTENT, ...signed.headers, host: new URL(server).host } };
}

/** @param provider key of the agents' provider, which is the host of their names */
export async function tokenRequests(
  host: string,
  { port, provider }: { readonly port: number; readonly provider: PrivateJwk },
): Promise<RequestToken> {
  return async (agent) => {
    const { path, headers, body } = await signTokenRequest(host, agent, { provider, to: "person-server" });
    const answer = await request(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
    await answer.body.dump();
    return answer.statusCode;
  };
}
