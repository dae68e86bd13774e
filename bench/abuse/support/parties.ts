/**
 * Agents of persons of one person server, which call one resource of draft -11 with person tokens.
 *
 * @module
 */

import { draft11, generateSigningKey, importSigningKey, type PrivateJwk, signRequest } from "aauth";
import { issuePersonToken } from "aauth/server";
import { request } from "undici";

export const PERSON_SERVER = "https://ps.example";
export const RESOURCE = "https://resource.example";

/** Sends a POST with a body that none had before, signed by an agent of the person. */
export type PostAs = (path: string) => ReturnType<typeof request>;

/** @param port of the resource */
export async function agentOf(person: string, port: number, personServer: PrivateJwk): Promise<PostAs> {
  const key = await generateSigningKey({ kid: "agent-1" });
  const { token: jwt } = await issuePersonToken({
    key: await importSigningKey(personServer, { kid: "ps-1" }),
    ...{ issuer: PERSON_SERVER, audience: RESOURCE, subject: person },
    confirmationKey: key.publicJwk,
  });
  let count = 0;
  return async (path) => {
    const body = new TextEncoder().encode(JSON.stringify({ person, count: count++ }));
    const content = { "content-type": "application/json" };
    const signed = await signRequest(
      { method: "POST", url: RESOURCE + path, headers: content, body },
      { key, profile: draft11, signatureKey: { scheme: "jwt", jwt } },
    );
    const headers = { ...content, ...signed.headers, host: new URL(RESOURCE).host };
    return request(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
  };
}
