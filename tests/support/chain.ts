import { AAuthError, createDiscovery, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import { type AuthTokenClaims, type FebruaryAgent, february2026, februaryAgent } from "aauth/february-2026";
import { createLogger, loadConfig } from "agent-kit/service";
import Fastify from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { freePort } from "../../scripts/demo/free-ports.ts";
import { buildAuthServer } from "../../services/auth-server/src/app.ts";
import { settings } from "../../services/auth-server/src/config.ts";

/** An auth server on a port of its own. */
export interface ChainAuthServer {
  readonly issuer: string;
  /** Replaces single attributes of its realm through the admin API. */
  setAttributes(attributes: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

export async function startAuthServer(env: Readonly<Record<string, string>> = {}): Promise<ChainAuthServer> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const config = loadConfig({
    service: "auth-server",
    settings,
    env: { AUTH_SERVER_URL: url, ...env },
    argv: [],
  });
  const logger = createLogger({ service: "auth-server", level: "silent" });
  const { app, issuer } = await buildAuthServer(config, { logger });
  await app.listen({ host: "127.0.0.1", port });
  return {
    issuer,
    async setAttributes(attributes) {
      const login = new URLSearchParams({
        grant_type: "password",
        client_id: "admin-cli",
        username: "admin",
        password: "admin",
      });
      const token = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
        method: "POST",
        body: login,
      });
      const { access_token } = (await token.json()) as { access_token: string };
      const realm = `${url}/admin/realms/aauth-test`;
      const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
      const current = (await (await fetch(realm, { headers })).json()) as { attributes: object };
      const body = JSON.stringify({ attributes: { ...current.attributes, ...attributes } });
      const reply = await fetch(realm, { method: "PUT", headers, body });
      if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
    },
    close: () => app.close(),
  };
}

/** An agent that is a resource as well: it calls the next one on behalf of its caller. */
export interface ChainParty {
  readonly id: string;
  readonly agent: FebruaryAgent;
  /** Claims of the tokens it was called with. */
  readonly received: AuthTokenClaims[];
  close(): Promise<void>;
}

/** What a party answers: its own name and, below it, what the next one answered. */
export interface ChainAnswer {
  readonly party: string;
  readonly next?: ChainAnswer;
  /** Code and text of what kept it from asking the next one. */
  readonly failure?: string;
}

/**
 * Starts a party on a port of its own.
 *
 * @param options.authServer issues the tokens its callers need, and no other is trusted by its
 * verifier
 * @param options.asks auth servers it asks for tokens itself
 */
export async function startParty(options: {
  name: string;
  authServer: string;
  asks: readonly string[];
  scopes: readonly string[];
  next?: ChainParty;
}): Promise<ChainParty> {
  const { name, authServer, asks, scopes, next } = options;
  const port = await freePort();
  const id = `http://${name}.localhost:${port}`;
  const key = await generateSigningKey({ kid: `${name}-1` });
  const discovery = createDiscovery({ development: true });
  const redirectUri = `${id}/callback`;
  const agent = februaryAgent(
    createAgent({
      profile: february2026,
      id,
      key,
      signatureScheme: "jwks",
      trustedAuthServers: asks,
      redirectUri,
      discovery,
    }),
  );
  const received: AuthTokenClaims[] = [];

  const app = Fastify();
  await app.register(fastifyAAuth, {
    profile: february2026,
    resource: id,
    authServer,
    key,
    discovery,
    agent: { redirect_uris: [redirectUri] },
  });
  app.get(
    "/",
    { config: { aauth: { level: "authorized", scopes: [...scopes] } } },
    async (request): Promise<ChainAnswer> => {
      const { caller } = request;
      if (caller?.grant === undefined) throw new Error("the verifier let a caller through without a grant");
      received.push(caller.grant.claims as AuthTokenClaims);
      if (next === undefined) return { party: name };
      try {
        const reply = await agent.fetchFor({ upstreamToken: caller.grant.token })(`${next.id}/`);
        return { party: name, next: (await reply.json()) as ChainAnswer };
      } catch (error) {
        if (!(error instanceof AAuthError)) throw error;
        return { party: name, failure: `${error.code}: ${error.message}` };
      }
    },
  );
  await app.listen({ host: "127.0.0.1", port });
  return { id, agent, received, close: () => app.close() };
}
