import {
  agentProviderMetadata,
  createAddressMap,
  createDiscovery,
  decodeToken,
  generateSigningKey,
  type SigningKey,
  signRequest,
  toJwks,
} from "aauth";
import { createAgent, type Transport } from "aauth/agent";
import { issueAgentToken } from "aauth/server";
import { signingToken } from "agent-kit/draft-11";
import Fastify from "fastify";
import { serveWellKnown } from "fastify-aauth";
import { identifierOf } from "topology";
import type { Answer } from "./lasting-user.ts";
import { signIn } from "./optimization-run.ts";
import { OrderingUser } from "./order-run.ts";
import { decideAtPages } from "./person-run.ts";
import { type ReplicaStack, startReplicas } from "./start-replicas.ts";

const PERSON_SERVER = identifierOf("person-server");
const SUPPLY_CHAIN = identifierOf("supply-chain-agent");
const PROVIDER = "https://unknown.localhost";
/** Seconds that an auth token is still valid for when another is requested. */
const RENEW_SECONDS = 30;
const LIMIT_MS = 15_000;
const CONTENT = { "content-type": "application/json" };

/** An agent of a provider that the stack does not know otherwise. */
export interface LoadAgent {
  readonly id: string;
  readonly key: SigningKey;
}

/** A signed request, ready to be sent. */
interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** The replicated stack of draft -11, with a person who has allowed the backend and an agent. */
export interface LoadedReplicas {
  readonly stack: ReplicaStack;
  /** Browser of the person, who is signed in. */
  readonly person: OrderingUser;
  /** An agent that the person server does not know. */
  newAgent(): Promise<LoadAgent>;
  /** A new request at the resource, with the allowed agent's auth token. It calls no method. */
  resourceRequest(): Promise<Outgoing>;
  send(request: Outgoing): Promise<Answer>;
  /**
   * Asks for a person token, which the allowed agent gets; for another one the person has to
   * decide.
   */
  requestGrant(agent?: LoadAgent): Promise<Answer>;
  /** Polls the pending URL of an answer. */
  poll(agent: LoadAgent, pending: Answer): Promise<Answer>;
  /** Ends all and removes what they have kept. */
  stop(): Promise<void>;
}

/** @param stores those of the stack. Default: its own */
export async function startLoadedReplicas(
  stores: { readonly store?: string; readonly replayStore?: string } = {},
): Promise<LoadedReplicas> {
  const providerKey = await generateSigningKey({ kid: "ap-1" });
  const provider = Fastify();
  await serveWellKnown(provider, {
    documents: { "aauth-agent.json": agentProviderMetadata({ issuer: PROVIDER }) },
    jwks: () => toJwks([providerKey]),
  });
  const providerAddress = await provider.listen({ host: "127.0.0.1", port: 0 });
  const stack = await startReplicas(
    { profile: "draft-11", mode: "person-server", ...stores },
    ({ AAUTH_ENDPOINTS }) => ({ AAUTH_ENDPOINTS: `${AAUTH_ENDPOINTS} ${PROVIDER}=${providerAddress}` }),
  );
  const { urls } = stack;
  const map = createAddressMap({
    [PROVIDER]: providerAddress,
    [SUPPLY_CHAIN]: urls.gateway.replace("localhost", "127.0.0.1"),
    [PERSON_SERVER]: urls.personServer.replace("localhost", "127.0.0.1"),
  });
  const user = await signIn(stack);
  const person = new OrderingUser();
  const { end } = await decideAtPages(user, await user.run(), undefined, person);
  if (end.status !== "completed") throw new Error(`the first run has ended as ${end.status}`);

  let count = 0;
  const newAgent = async (local = `agent-${count++}`): Promise<LoadAgent> => ({
    id: `aauth:${local}@${new URL(PROVIDER).host}`,
    key: await generateSigningKey({ kid: local }),
  });
  const agentToken = async ({ id, key }: LoadAgent) =>
    (
      await issueAgentToken({
        key: providerKey,
        issuer: PROVIDER,
        agent: id,
        personServer: PERSON_SERVER,
        confirmationKey: key.publicJwk,
      })
    ).token;
  /** A signed POST of JSON, or a GET. */
  async function signed(
    { key }: LoadAgent,
    jwt: string,
    { url, json, endpoint }: { url: string; json?: object; endpoint?: "token" | "pending" },
  ): Promise<Outgoing> {
    const body = json && new TextEncoder().encode(JSON.stringify(json));
    const message = {
      method: body ? "POST" : "GET",
      url,
      headers: body ? CONTENT : {},
      ...(body && { body }),
    };
    const signatureKey = { scheme: "jwt", jwt } as const;
    const { headers } = await signRequest(message, { key, signatureKey, ...(endpoint && { endpoint }) });
    return { ...message, headers: { ...message.headers, ...headers } };
  }
  async function send({ url, ...request }: Outgoing): Promise<Answer> {
    const reply = await map.requests(url, { ...request, signal: AbortSignal.timeout(LIMIT_MS) });
    return { status: reply.status, headers: Object.fromEntries(reply.headers), text: await reply.text() };
  }

  const allowed = await newAgent("allowed");
  let authToken = "";
  /** The token of the last request that the resource served. */
  const transport: Transport = async (url, request) => {
    const reply = await map.requests(url, request);
    if (url.startsWith(SUPPLY_CHAIN) && reply.ok) authToken = signingToken(request.headers) ?? "";
    return reply;
  };
  async function renew(): Promise<void> {
    const agent = createAgent({
      ...allowed,
      discovery: createDiscovery({ addresses: map, development: true }),
      transport,
      personServer: PERSON_SERVER,
      agentToken: () => agentToken(allowed),
    });
    const call = agent.fetchFor({
      onInteraction: async ({ page }) =>
        void (await person.allowAgent(page.replace(PERSON_SERVER, urls.personServer))),
    });
    const reply = await call(`${SUPPLY_CHAIN}/`, { method: "POST", headers: CONTENT, body: "{}" });
    await reply.body?.cancel();
  }
  await renew();
  return {
    stack,
    person,
    newAgent,
    async resourceRequest() {
      if (Number(decodeToken(authToken).claims.exp) < Date.now() / 1000 + RENEW_SECONDS) await renew();
      const json = { jsonrpc: "2.0", id: crypto.randomUUID(), method: "none" };
      return signed(allowed, authToken, { url: `${SUPPLY_CHAIN}/`, json });
    },
    send,
    async requestGrant(agent = allowed) {
      // Two equal requests of one second would be a replay.
      const json = { resource: SUPPLY_CHAIN, capabilities: ["interaction"], count: count++ };
      const url = `${PERSON_SERVER}/aauth/person`;
      return send(await signed(agent, await agentToken(agent), { url, json, endpoint: "token" }));
    },
    async poll(agent, { headers }) {
      const url = new URL(headers.location ?? "", PERSON_SERVER).href;
      return send(await signed(agent, await agentToken(agent), { url, endpoint: "pending" }));
    },
    async stop() {
      await stack.stop();
      await provider.close();
    },
  };
}
