/**
 * A person server or an access server under test, and the requests that the suite sends to it.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { decodeJwt, type Jwt, TokenError } from "../judge/jws.ts";
import type { KeyPair } from "../judge/keys.ts";
import type { Message } from "../judge/message.ts";
import { compose, type Plan, setParam, type TokenPlan, tokenOf } from "../messages/plan.ts";
import type { Listener, PlayedAnswer } from "../peers/listener.ts";
import { type Party, type PartyName, type PlayedAgent, RESOURCE_DOCUMENT } from "../peers/world.ts";
import { describe } from "../suite/check.ts";
import { type Answer, jsonOf, TargetError } from "../suite/target.ts";
import {
  createPartyBench,
  type PartyBench,
  type PartyOptions,
  pathOf,
  planFor,
  requirementOf,
  signAs,
} from "./bench.ts";
import { revoke } from "./revocation.ts";

/** Decision of the person, at an access server of the owner, on a request that waits. */
export type Decision = "approve" | "deny" | "ask";
/** Decides on the target's page, whose address and code are those of the requirement. */
export type Decide = (decision: Decision, page: { url: string; code: string }) => Promise<void>;

export interface ServerBenchOptions extends PartyOptions {
  readonly listener: Listener;
  /** Name of its metadata document. */
  readonly document: string;
  readonly decide?: Decide | undefined;
  /** Scope about which an access server asks the resource's owner. */
  readonly ownerScope?: string | undefined;
  /** Abilities that the metadata does not show: `federation`, `clarification`. */
  readonly has?: readonly string[] | undefined;
}

/** A server under test. */
export interface ServerBench
  extends PartyBench,
    Pick<ServerBenchOptions, "document" | "decide" | "ownerScope"> {
  /** The last requests of the target to played parties, newest first. */
  readonly received: { readonly party: Party; readonly message: Message }[];
  /** Answers token requests to the played access server. */
  accessServer(message: Message): PlayedAnswer;
}

const MAX_RECEIVED = 200;

export async function createServerBench(options: ServerBenchOptions): Promise<ServerBench> {
  const { listener, target, world, document, decide, ownerScope } = options;
  const has = [...(options.has ?? [])];
  if (decide !== undefined) has.push("decisions");
  if (ownerScope !== undefined) describeScope(world.parties.resource, ownerScope);
  if (ownerScope !== undefined) has.push("owner-scope");
  const party = await createPartyBench(options, document, has);
  const accessServer = () => ({ status: 404 });
  const bench: ServerBench = { ...party, document, decide, ownerScope, received: [], accessServer };
  listener.play = (party, message) => {
    if (party === undefined) return undefined;
    bench.received.unshift({ party, message });
    bench.received.length = Math.min(bench.received.length, MAX_RECEIVED);
    target.received(message);
    if (party === world.parties.as && message.target === "/token") return bench.accessServer(message);
    return message.target === "/revoke" ? { status: 200 } : undefined;
  };
  return bench;
}

/** A resource token has only scopes that its resource describes. */
function describeScope({ documents }: Party, scope: string): void {
  const address = `/.well-known/${RESOURCE_DOCUMENT}`;
  const document = documents.get(address) as { readonly scope_descriptions: object };
  const scope_descriptions = { ...document.scope_descriptions, [scope]: "Ask the owner" };
  documents.set(address, { ...document, scope_descriptions });
}

/** Signs a request: a server, or an agent with its token. */
export type Signer = Party | { readonly token: TokenPlan; readonly key: KeyPair };

/** An agent that names the target as its person server. */
export const agentSigner = (
  { world, id }: ServerBench,
  agent: PlayedAgent = world.agent,
  claims: Record<string, unknown> = {},
) => ({ agent, token: world.agentToken({ agent, claims: { ps: id, ...claims } }), key: agent.key });

/** A signed request. Its nonce makes equal requests of a second different ones. */
export function signedPlan(
  bench: ServerBench,
  method: string,
  path: string,
  by: Signer,
  body?: object,
): Plan {
  const plan = planFor(bench, method, path, "token" in by ? by.token : undefined, body);
  if ("token" in by) plan.key = by.key;
  else signAs(plan, by);
  setParam(plan, "nonce", randomUUID());
  return plan;
}

/** A request whose tokens are signed when it is sent, so that a row can change any part of them. */
export interface TokenRequest {
  readonly endpoint: "person_token_endpoint" | "auth_token_endpoint";
  signer: Signer;
  readonly body: Record<string, unknown>;
}

/** A token of a request. */
export const planIn = ({ body }: TokenRequest, name: string): TokenPlan => body[`${name}_token`] as TokenPlan;

const isPlan = (value: unknown): value is TokenPlan =>
  typeof value === "object" && value !== null && "claims" in value;

export function requestPlan(bench: ServerBench, { endpoint, signer, body }: TokenRequest): Plan {
  const members = Object.entries(body).map(([name, value]) => [name, isPlan(value) ? tokenOf(value) : value]);
  return signedPlan(bench, "POST", pathOf(bench, endpoint), signer, Object.fromEntries(members));
}

/** The first answer to a request. */
export const begin = (bench: ServerBench, request: TokenRequest): Promise<Answer> =>
  bench.target.send(compose(requestPlan(bench, request)));

/** Sends a request to the pending URL of an answer. @throws TargetError without such a URL */
export function toPending(
  bench: ServerBench,
  { fields }: Answer,
  by: Signer,
  method = "GET",
  body?: object,
): Promise<Answer> {
  const location = URL.parse(fields.location ?? "", bench.id);
  if (location?.origin !== bench.id) throw new TargetError("there is no Location at the target");
  return bench.target.send(compose(signedPlan(bench, method, location.pathname, by, body)));
}

const MAX_POLLS = 15;
const MAX_WAIT_SECONDS = 10;

/** Waits as the answer says, then polls. */
export async function pollLater(bench: ServerBench, pending: Answer, by: Signer): Promise<Answer> {
  await sleep(Math.min(Number(pending.fields["retry-after"] ?? 5), MAX_WAIT_SECONDS) * 1000);
  return toPending(bench, pending, by);
}

/** @throws TargetError without a command that decides */
export async function decide(bench: ServerBench, pending: Answer, decision: Decision): Promise<void> {
  if (bench.decide === undefined) throw new TargetError("a person must decide; --decide takes a command");
  const { url = "", code = "" } = requirementOf(pending)?.params ?? {};
  await bench.decide(decision, { url: String(url), code: String(code) });
}

/** Follows an answer to its end, with a decision once one is needed. */
export async function settle(
  bench: ServerBench,
  by: Signer,
  first: Answer,
  decision: Decision = "approve",
): Promise<Answer> {
  let answer = first;
  let isDecided = false;
  for (let polls = 0; answer.status === 202; polls += 1) {
    if (polls >= MAX_POLLS) throw new TargetError(`it still waits after ${MAX_POLLS} polls`);
    if (!isDecided && requirementOf(answer)?.value === "interaction") {
      await decide(bench, answer, decision);
      isDecided = true;
    }
    answer = await pollLater(bench, answer, by);
  }
  return answer;
}

export const send = async (bench: ServerBench, request: TokenRequest): Promise<Answer> =>
  settle(bench, request.signer, await begin(bench, request));

/** An answer on which a row relies. @throws TargetError for another status */
export function having(status: number, answer: Answer, what = "the request"): Answer {
  if (answer.status === status) return answer;
  throw new TargetError(`${what} was answered ${describe(answer)}, not ${status}`);
}

/** A token that the target has issued. */
export interface IssuedToken {
  readonly text: string;
  readonly jwt: Jwt;
}

/** @throws TargetError for an answer without a token */
export function issued(answer: Answer): IssuedToken {
  const { person_token, auth_token = person_token } = jsonOf(having(200, answer)) ?? {};
  try {
    return { text: String(auth_token), jwt: decodeJwt(String(auth_token)) };
  } catch (error) {
    if (error instanceof TokenError) throw new TargetError(`the token that it issued: ${error.message}`);
    throw error;
  }
}

/** A played party revokes a token. @throws TargetError unless the target confirms it */
export async function revokeNamed(
  bench: ServerBench,
  party: PartyName,
  { claims: { jti, exp } }: Pick<TokenPlan, "claims">,
): Promise<void> {
  having(200, await revoke(bench, bench.world.parties[party], { jti, exp }), "the revocation");
}

/** Problem of a token whose revocation its resource should have received. */
export const wasRevoked = ({ received }: ServerBench, { claims }: Jwt): string | false =>
  !received.some(({ message: { body } }) => body?.includes(String(claims.jti))) &&
  "the resource has received no revocation";
