import { identifierOf } from "topology";
import { AgentProvider, ForeignAgent } from "./foreign-agent-draft-11/agent.ts";
import {
  type Answer,
  now,
  type Outgoing,
  readToken,
  type Sockets,
  send,
  signed,
} from "./foreign-agent-draft-11/messages.ts";
import { signIn } from "./optimization-run.ts";
import { OrderingUser } from "./order-run.ts";
import { decideAtPages } from "./person-run.ts";
import { type ReplicaStack, startReplicas } from "./start-replicas.ts";

/** Identifier of the person server. */
export const PERSON_SERVER = identifierOf("person-server");
const SUPPLY_CHAIN = identifierOf("supply-chain-agent");
/** Seconds that an auth token is still valid for when another is requested. */
const RENEW_SECONDS = 30;
const CONTENT = { "content-type": "application/json" };

/** The replicated stack of draft -11, with a person who has allowed the backend and an agent. */
export interface LoadedReplicas {
  readonly stack: ReplicaStack;
  /** Browser of the person, who is signed in. */
  readonly person: OrderingUser;
  /** An agent that the person server does not know. */
  newAgent(): ForeignAgent;
  /** A new request at the resource, with the allowed agent's auth token. It calls no method. */
  resourceRequest(): Promise<Outgoing>;
  send(request: Outgoing): Promise<Answer>;
  /**
   * Asks for a person token, which the allowed agent gets; for another one the person has to
   * decide.
   */
  requestGrant(agent?: ForeignAgent): Promise<Answer>;
  /** Ends all and removes what they have kept. */
  stop(): Promise<void>;
}

/** @param stores those of the stack. Default: its own */
export async function startLoadedReplicas(
  stores: { readonly store?: string; readonly replayStore?: string } = {},
): Promise<LoadedReplicas> {
  const sockets: Sockets = {};
  const provider = await AgentProvider.start(sockets, "https://unknown.localhost");
  const stack = await startReplicas(
    { profile: "draft-11", mode: "person-server", ...stores },
    ({ AAUTH_ENDPOINTS }) => ({
      AAUTH_ENDPOINTS: `${AAUTH_ENDPOINTS} ${provider.issuer}=${sockets[provider.issuer]}`,
    }),
  );
  const { urls } = stack;
  sockets[SUPPLY_CHAIN] = urls.gateway.replace("localhost", "127.0.0.1");
  sockets[PERSON_SERVER] = urls.personServer.replace("localhost", "127.0.0.1");
  const user = await signIn(stack);
  const person = new OrderingUser();
  const { end } = await decideAtPages(user, await user.run(), undefined, person);
  if (end.status !== "completed") throw new Error(`the first run has ended as ${end.status}`);
  const visit = (page: string, code: string) =>
    person.allowAgent(`${page.replace(PERSON_SERVER, urls.personServer)}?code=${code}`);
  const allowed = new ForeignAgent(sockets, provider, { ps: PERSON_SERVER, local: "allowed", visit });
  const renew = () => allowed.call({ method: "POST", url: `${SUPPLY_CHAIN}/`, headers: CONTENT, body: "{}" });
  await renew();
  let count = 0;
  return {
    stack,
    person,
    newAgent: () => new ForeignAgent(sockets, provider, { ps: PERSON_SERVER, local: `agent-${count++}` }),
    async resourceRequest() {
      if (Number(readToken(allowed.auth.get(SUPPLY_CHAIN)!).claims.exp) < now() + RENEW_SECONDS)
        await renew();
      const body = JSON.stringify({ jsonrpc: "2.0", id: crypto.randomUUID(), method: "none" });
      const outgoing = { method: "POST", url: `${SUPPLY_CHAIN}/`, headers: CONTENT, body };
      return signed(outgoing, allowed.key, `sig=jwt;jwt="${allowed.auth.get(SUPPLY_CHAIN)}"`);
    },
    send: (request) => send(sockets, request),
    requestGrant(agent = allowed) {
      const url = `${PERSON_SERVER}/aauth/person`;
      // Two equal requests of one second would be a replay.
      const body = JSON.stringify({
        resource: SUPPLY_CHAIN,
        capabilities: ["interaction"],
        count: count++,
      });
      return agent.once({ method: "POST", url, headers: CONTENT, body }, agent.token);
    },
    async stop() {
      await stack.stop();
      await provider.stop();
    },
  };
}
