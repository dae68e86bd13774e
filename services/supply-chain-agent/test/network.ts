import { decodeToken, generateSigningKey, type Requirement, type SigningKey } from "aauth";
import type { Transport } from "aauth/agent";
import {
  type FebruaryAuthTokenClaims,
  february2026,
  february2026Resource,
  february2026Tokens,
} from "aauth/february-2026";
import { tokenSignerOf } from "aauth/server";
import { createAgentCard, createTextExecutor } from "aauth-a2a";
import { fastifyA2A } from "aauth-a2a/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import {
  createTestDiscovery,
  createTestParties,
  type TestParties,
} from "../../../packages/aauth/test/february-2026/parties.ts";

export const SELF = "http://supply-chain-agent.localhost:3000";
export const MARKET = "http://market-analysis-agent.localhost:3000";

/** A request to the auth server. */
export interface TokenRequest {
  readonly form: Record<string, string>;
  /** The token in `Signature-Key`, when its scheme is jwt. */
  readonly upstream: string | undefined;
}

/** The parties of the second hop, connected without sockets: URL in, answer out. */
export interface Network extends TestParties {
  readonly selfKey: SigningKey;
  readonly transport: Transport;
  readonly tokenRequests: TokenRequest[];
  /** Auth tokens that the market-analysis agent accepted. */
  readonly accepted: FebruaryAuthTokenClaims[];
}

/**
 * @param options.requirement of the market-analysis agent
 * @param options.refuse OAuth error of the auth server; `consent` makes it ask for consent
 * @param options.down host at which nothing listens
 */
export async function createNetwork(options: {
  requirement: Requirement;
  refuse?: string;
  down?: string;
}): Promise<Network> {
  const parties = await createTestParties();
  const { agent, authServer, clock } = parties;
  const selfKey = await generateSigningKey({ kid: "supply-chain-agent-ephemeral-1" });
  const marketKey = await generateSigningKey({ kid: "market-analysis-agent-ephemeral-1" });
  const discovery = createTestDiscovery(
    {
      agents: { [agent.id]: [agent.key.publicJwk], [SELF]: [selfKey.publicJwk] },
      resources: { [MARKET]: [marketKey.publicJwk] },
      issuers: { [authServer.issuer]: { keys: [authServer.key.publicJwk] } },
    },
    { now: clock.now },
  );
  const tokenRequests: TokenRequest[] = [];
  const accepted: FebruaryAuthTokenClaims[] = [];

  const market = Fastify();
  await market.register(fastifyAAuth, {
    profile: february2026Resource({ authServer: authServer.issuer }),
    resource: MARKET,
    key: marketKey,
    discovery,
    now: clock.now,
    observer: (event) => {
      if (event.type === "request_verified" && event.verified.caller.grant !== undefined) {
        accepted.push(event.verified.caller.grant.claims as FebruaryAuthTokenClaims);
      }
    },
  });
  await market.register(fastifyA2A, {
    card: createAgentCard({ name: "M", description: "", version: "1", url: `${MARKET}/`, skills: [] }),
    executor: createTextExecutor({ answer: async ({ text }) => `# Market Analysis Report for: ${text}` }),
    routeConfig: { rpc: { aauth: options.requirement }, card: { aauth: "public" } },
  });

  const authority = Fastify();
  authority.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  authority.post("/realms/aauth-test/protocol/aauth/agent/token", async (request, reply) => {
    const form = Object.fromEntries(new URLSearchParams(String(request.body)));
    const signatureKey = february2026.messages.parseKeyClaim(String(request.headers["signature-key"]));
    const upstream = signatureKey.scheme === "jwt" ? signatureKey.jwt : undefined;
    tokenRequests.push({ form, upstream });
    if (options.refuse === "consent") return { request_token: "r-1", expires_in: 600, token_type: "AAuth" };
    if (options.refuse)
      return reply.code(400).send({ error: options.refuse, error_description: "by policy" });
    const asked = decodeToken(form.resource_token ?? "").claims;
    const { token } = await february2026Tokens.issueAuthToken({
      signer: tokenSignerOf(authServer.key),
      issuer: authServer.issuer,
      audience: String(asked.iss),
      agent: String(asked.agent),
      confirmationKey: selfKey.publicJwk,
      scope: String(asked.scope),
      ...(upstream && { act: { agent: String(decodeToken(upstream).claims.agent) } }),
      now: clock.now,
    });
    return { auth_token: token, expires_in: 300, token_type: "AAuth" };
  });

  const hosts: Record<string, FastifyInstance> = { [MARKET]: market, "http://localhost:8080": authority };
  const transport: Transport = async (url, { method, headers, body }) => {
    const { origin, pathname, search } = new URL(url);
    const app = hosts[origin];
    if (!app || origin === options.down) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const reply = await app.inject({
      method: method as "POST",
      url: `${pathname}${search}`,
      headers,
      ...(body && { payload: Buffer.from(body) }),
    });
    return new Response(reply.body, {
      status: reply.statusCode,
      headers: Object.fromEntries(
        Object.entries(reply.headers).map(([name, value]) => [name, String(value)]),
      ),
    });
  };
  return { ...parties, discovery, selfKey, transport, tokenRequests, accepted };
}
