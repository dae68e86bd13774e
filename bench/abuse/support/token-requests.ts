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
const RESOURCE = "https://resource.example";

/** Sends a request as the agent of this number. */
export type RequestToken = (agent: number) => Promise<number>;

/** @param provider key of the agents' provider, which is the host of their names */
export async function tokenRequests(
  host: string,
  { port, provider }: { readonly port: number; readonly provider: PrivateJwk },
): Promise<RequestToken> {
  const signer = await importSigningKey(provider, { kid: "ap-1" });
  const key = await generateSigningKey({ kid: "agent-1" });
  let count = 0;
  return async (agent) => {
    const { token: jwt } = await issueAgentToken({
      ...{ key: signer, issuer: `https://${host}`, personServer: PERSON_SERVER },
      ...{ agent: `aauth:a${agent}@${host}`, confirmationKey: key.publicJwk, lifetimeSeconds: 86_400 },
    });
    const body = new TextEncoder().encode(JSON.stringify({ resource: RESOURCE, count: count++ }));
    const content = { "content-type": "application/json" };
    const signed = await signRequest(
      { method: "POST", url: `${PERSON_SERVER}/aauth/person`, headers: content, body },
      { key, profile: draft11, endpoint: "token", signatureKey: { scheme: "jwt", jwt } },
    );
    const answer = await request(`http://127.0.0.1:${port}/aauth/person`, {
      method: "POST",
      headers: { ...content, ...signed.headers, host: new URL(PERSON_SERVER).host },
      body,
    });
    await answer.body.dump();
    return answer.statusCode;
  };
}
