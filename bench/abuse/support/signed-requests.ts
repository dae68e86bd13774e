/**
 * Requests of agents in draft -11, each with a token and a body that no other was sent with.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import {
  createDiscovery,
  type Discovery,
  draft11,
  generateSigningKey,
  importSigningKey,
  type PrivateJwk,
  signRequest,
} from "aauth";
import { issueAgentToken, issuePersonToken } from "aauth/server";
import { request } from "undici";

export const PERSON_SERVER = "https://ps.example";
export const RESOURCE = "https://resource.example";

/** A signed POST. */
export interface SignedPost {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const CONTENT = { "content-type": "application/json" };
const agentKey = await generateSigningKey({ kid: "agent-1" });
let count = 0;

/** A new key of an issuer, and its public half. */
export function newIssuerKey(): { readonly jwk: PrivateJwk; readonly publicJwk: object } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = { ...privateKey.export({ format: "jwk" }), alg: "Ed25519" } as unknown as PrivateJwk;
  const { d: _, ...publicJwk } = jwk;
  return { jwk, publicJwk };
}

/** Discovery to which any host is a provider of agents and a person server, all with one key. */
export function oneKeyDiscovery(publicJwk: object): Discovery {
  const keys = { keys: [{ ...publicJwk, kid: "issuer-1", alg: "Ed25519" }] };
  return createDiscovery({
    async transport({ pathname, origin }) {
      const endpoints = { person_token_endpoint: `${origin}/person`, auth_token_endpoint: `${origin}/token` };
      const metadata = { issuer: origin, jwks_uri: `${origin}/jwks.json` };
      const documents = new Map<string, object>([
        ["/.well-known/aauth-agent.json", metadata],
        ["/.well-known/aauth-person.json", { ...metadata, ...endpoints }],
        ["/jwks.json", keys],
      ]);
      const document = documents.get(pathname);
      const body = new TextEncoder().encode(JSON.stringify(document ?? {}));
      return { status: document === undefined ? 404 : 200, body };
    },
  });
}

/**
 * Signs a request of an agent on an agent token, for a person token or for a resource.
 *
 * @param host of the agents' provider, and of their names
 * @param options.issuer key of the provider
 */
export async function signAsAgent(
  host: string,
  agent: number,
  { issuer, to }: { readonly issuer: PrivateJwk; readonly to: "person-server" | "resource" },
): Promise<SignedPost> {
  const { token } = await issueAgentToken({
    issuer: `https://${host}`,
    personServer: PERSON_SERVER,
    key: await importSigningKey(issuer, { kid: "issuer-1" }),
    agent: `aauth:a${agent}@${host}`,
    confirmationKey: agentKey.publicJwk,
    lifetimeSeconds: 86_400,
  });
  return to === "person-server"
    ? sign(`${PERSON_SERVER}/aauth/person`, token, { resource: RESOURCE }, "token")
    : sign(`${RESOURCE}/`, token);
}

/** Signs requests at the resource as the agent of a person, on one person token. */
export async function agentOf(
  person: string,
  issuer: PrivateJwk,
): Promise<(path: string) => Promise<SignedPost>> {
  const { token } = await issuePersonToken({
    key: await importSigningKey(issuer, { kid: "issuer-1" }),
    issuer: PERSON_SERVER,
    audience: RESOURCE,
    subject: person,
    confirmationKey: agentKey.publicJwk,
  });
  return (path) => sign(RESOURCE + path, token, { person });
}

async function sign(url: string, jwt: string, members: object = {}, endpoint?: "token"): Promise<SignedPost> {
  const body = new TextEncoder().encode(JSON.stringify({ ...members, count: count++ }));
  const { headers } = await signRequest(
    { method: "POST", url, headers: CONTENT, body },
    {
      key: agentKey,
      profile: draft11,
      signatureKey: { scheme: "jwt", jwt },
      ...(endpoint && { endpoint }),
    },
  );
  const { host, pathname: path } = new URL(url);
  return { path, body, headers: { ...CONTENT, ...headers, host } };
}

/** Sends a signed request to a port of this machine. */
export const send = (port: number, { path, headers, body }: SignedPost): ReturnType<typeof request> =>
  request(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
