/** Parties around the attacked resource: agent, person server or auth server, on loopback. */

import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  agentProviderMetadata,
  createAddressMap,
  createDiscovery,
  generateSigningKey,
  type PrivateJwk,
  type PublicJwk,
  type SigningKey,
  toJwks,
} from "aauth";
import { createAgent } from "aauth/agent";
import { february2026, february2026Jwks, february2026Tokens } from "aauth/february-2026";
import {
  createPersonServer,
  issueAgentToken,
  issueAuthToken,
  sendRevocation,
  tokenSignerOf,
} from "aauth/server";
import { type SignedRequestOptions, signedRequest, type TestRequest } from "aauth/testing";
import Fastify from "fastify";
import { serveParty } from "fastify-aauth";
import { FEBRUARY_RESOURCE, RESOURCE, type Settings } from "./servers/reports.ts";

const PERSON_SERVER = "https://ps.example";
const PROVIDER = "https://agent.example";
export const AGENT = "aauth:planner@agent.example";
const SCOPE = "reports.read";

/** Claims of an auth token that replace the valid ones. */
export interface TokenOver {
  readonly key?: SigningKey;
  readonly audience?: string;
  readonly scope?: string;
  /** Key that the token is bound to. */
  readonly boundTo?: SigningKey;
  readonly lifetimeSeconds?: number;
  readonly now?: () => number;
}

/** Changes to a valid request. */
export type SignedOver = Partial<SignedRequestOptions> & { readonly token?: string };

/** An agent's side of a dialect, except for its key. */
interface AgentSide {
  /** Makes the resource at a port known to the parties. @returns where it is, by identifier */
  resourceAt(port: number): Readonly<Record<string, string>>;
  agentToken(confirmationKey: PublicJwk): Promise<string>;
  /** A person agrees at a page. */
  approve(page: string): Promise<void>;
}

/** The parties of one dialect. */
export interface Parties {
  readonly settings: Settings;
  /** Address of the route, as callers sign it. */
  readonly url: string;
  /** A key that no party has published, under the `kid` of the issuer's. */
  readonly otherKey: SigningKey;
  token(over?: TokenOver): Promise<string>;
  /** A body that the handler takes. */
  readonly body: string;
  /** A part of the answer to a whole call. */
  readonly answer: string;
  /** A request that meets the requirement, except for `over`. */
  sign(over?: SignedOver): Promise<TestRequest>;
  /** For an agent elsewhere. */
  readonly agentSide?: AgentSide;
  /** A call of the library's agent, which obtains all tokens itself, to a resource at `port`. */
  call?(port: number, init?: RequestInit): Promise<Response>;
  /** The issuer revokes a token at the resource at `port`; the name of an error, if any. */
  revoke?(token: string, port: number): Promise<string | undefined>;
  stop(): void;
}

const REPORTS = { body: '{"month":"2026-11"}', answer: '{"method":"GET","body":""}' };

/** Starts a server on loopback. */
export async function listen(listener: RequestListener, port = 0) {
  const server = createServer(listener).listen(port, "127.0.0.1");
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  const stop = () => {
    server.close().closeAllConnections();
  };
  return { port: bound, origin: `http://127.0.0.1:${bound}`, stop };
}

/** A private key of a resource. */
export function freshKey(): PrivateJwk {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return JSON.parse(JSON.stringify({ ...jwk, kid: "resource-1" }));
}

/** A party that publishes documents, by path. */
const publish = (documents: (origin: string) => Readonly<Record<string, object>>) =>
  listen((request, response) => {
    const document = documents(`http://${request.headers.host}`)[request.url!];
    response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document));
  });

/** The parties of draft -11, with a person server that really issues tokens. */
export async function draft11Parties(): Promise<Parties> {
  const [agentKey, providerKey, personKey, otherKey] = (await Promise.all(
    ["agent-1", "ap-1", "ps-1", "ps-1"].map((kid) => generateSigningKey({ kid })),
  )) as [SigningKey, SigningKey, SigningKey, SigningKey];
  const provider = await publish(() => ({
    "/.well-known/aauth-agent.json": agentProviderMetadata({ issuer: PROVIDER }),
    "/jwks.json": toJwks([providerKey]),
  }));
  const elsewhere = new Map([[PROVIDER, provider.origin]]);
  const mapFor = (reports: Readonly<Record<string, string>>) =>
    createAddressMap({ ...Object.fromEntries(elsewhere), ...reports });
  // The resource's address is known once a test has started it.
  let reportsAt = "http://127.0.0.1:1";
  const personServer = createPersonServer({
    issuer: PERSON_SERVER,
    key: personKey,
    discovery: createDiscovery({
      transport: (url, init) => mapFor({ [RESOURCE]: reportsAt }).documents(url, init),
    }),
    pollSeconds: 0,
    subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
  });
  const app = Fastify();
  await serveParty(app, personServer);
  elsewhere.set(PERSON_SERVER, await app.listen({ port: 0, host: "127.0.0.1" }));
  const agentSide: AgentSide = {
    resourceAt(port) {
      reportsAt = `http://127.0.0.1:${port}`;
      return { [RESOURCE]: reportsAt };
    },
    async agentToken(confirmationKey) {
      const issuer = { key: providerKey, issuer: PROVIDER, agent: AGENT, personServer: PERSON_SERVER };
      return (await issueAgentToken({ ...issuer, confirmationKey })).token;
    },
    async approve(page) {
      const waiting = await personServer.open(new URL(page).searchParams.get("code")!, "browser");
      if (typeof waiting === "string") throw new Error(waiting);
      await personServer.approve(waiting.reference, { person: "dana", version: waiting.version });
    },
  };
  const token = async ({
    key = personKey,
    boundTo = agentKey,
    audience = RESOURCE,
    ...over
  }: TokenOver = {}) =>
    (
      await issueAuthToken({
        key,
        issuer: PERSON_SERVER,
        personServer: PERSON_SERVER,
        audience,
        subject: "person-1",
        scope: SCOPE,
        confirmationKey: boundTo.publicJwk,
        ...over,
      })
    ).token;
  return {
    settings: {
      dialect: "draft-11",
      key: freshKey(),
      issuer: PERSON_SERVER,
      endpoints: Object.fromEntries(elsewhere),
    },
    url: `${RESOURCE}/reports`,
    ...REPORTS,
    otherKey,
    agentSide,
    token,
    sign: async ({ token: jwt, ...over } = {}) =>
      signedRequest({
        url: `${RESOURCE}/reports`,
        key: agentKey,
        signatureKey: { scheme: "jwt", jwt: jwt ?? (await token()) },
        ...over,
      }),
    async call(port, init) {
      const map = mapFor(agentSide.resourceAt(port));
      const agent = createAgent({
        id: AGENT,
        key: agentKey,
        personServer: PERSON_SERVER,
        agentToken: () => agentSide.agentToken(agentKey.publicJwk),
        discovery: createDiscovery({ addresses: map }),
      });
      const onInteraction = ({ page }: { page: string }) => agentSide.approve(page);
      return agent.fetchFor({ loginHint: "dana", onInteraction })(`${RESOURCE}/reports`, init);
    },
    async revoke(jwt, port) {
      const map = mapFor({ [RESOURCE]: `http://127.0.0.1:${port}` });
      const { jti, exp } = JSON.parse(Buffer.from(jwt.split(".")[1]!, "base64url").toString());
      const own = { issuer: PERSON_SERVER, kind: "person", key: personKey, jti, exp } as const;
      const { error } = await sendRevocation({
        ...own,
        recipient: RESOURCE,
        recipientKind: "resource",
        discovery: createDiscovery({ addresses: map }),
      });
      return error;
    },
    stop() {
      provider.stop();
      void app.close();
    },
  };
}

/** The parties of February 2026. */
export async function februaryParties(): Promise<Parties> {
  const [agentKey, issuerKey, otherKey] = (await Promise.all(
    ["agent-1", "realm-1", "realm-1"].map((kid) => generateSigningKey({ kid })),
  )) as [SigningKey, SigningKey, SigningKey];
  const { origin: issuer, stop } = await publish((origin) => ({
    "/.well-known/aauth-issuer": {
      issuer: origin,
      jwks_uri: `${origin}/jwks.json`,
      agent_token_endpoint: `${origin}/token`,
      agent_auth_endpoint: `${origin}/auth`,
    },
    "/jwks.json": february2026Jwks([issuerKey]),
  }));
  const agent = "http://agent.localhost:4002";
  const token = async ({
    key = issuerKey,
    boundTo = agentKey,
    audience = FEBRUARY_RESOURCE,
    ...over
  }: TokenOver = {}) =>
    (
      await february2026Tokens.issueAuthToken({
        signer: tokenSignerOf(key),
        issuer,
        audience,
        agent,
        scope: SCOPE,
        confirmationKey: boundTo.publicJwk,
        ...over,
      })
    ).token;
  return {
    settings: { dialect: "february-2026", key: freshKey(), issuer, endpoints: {} },
    url: `${FEBRUARY_RESOURCE}/reports`,
    ...REPORTS,
    otherKey,
    token,
    sign: async ({ token: jwt, ...over } = {}) =>
      signedRequest({
        profile: february2026,
        url: `${FEBRUARY_RESOURCE}/reports`,
        key: agentKey,
        signatureKey: { scheme: "jwt", jwt: jwt ?? (await token()) },
        ...over,
      }),
    stop,
  };
}
