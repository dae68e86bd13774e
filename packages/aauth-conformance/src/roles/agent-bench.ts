/**
 * An agent under test: a program that makes calls to a resource, while the suite plays the resource
 * and the person server.
 *
 * @module
 */

import { type Judgement, judgeMessage } from "../judge/judge-message.ts";
import { decodeJwt } from "../judge/jws.ts";
import { type Jwk, thumbprint } from "../judge/keys.ts";
import type { Message } from "../judge/message.ts";
import type { ClauseName } from "../manifest/clauses.ts";
import { type TokenPlan, tokenOf } from "../messages/plan.ts";
import type { Flaw } from "../messages/token-flaws.ts";
import type { Listener, PlayedAnswer } from "../peers/listener.ts";
import { freshAgent, type Party, type PlayedAgent, type World } from "../peers/world.ts";
import { describe, type Row } from "../suite/check.ts";
import type { Line, Program } from "../suite/program.ts";
import { type Outcome, pairOf, type Spec } from "../suite/rows.ts";
import type { Bench } from "../suite/run.ts";
import { type Answer, jsonOf, TargetError } from "../suite/target.ts";

/** Steps of a call, by the token shown to the resource or the endpoint of the person server. */
export type Step = "unsigned" | "agent" | "person" | "auth" | "person-request" | "auth-request" | Waiting;
type Waiting = "poll" | "page";

/** A message of the agent. */
export interface Seen extends Judgement {
  readonly party: Party;
  readonly step: Step;
  readonly message: Message;
  readonly atMs: number;
  /** Status of the answer; 0 until it is sent. */
  status: number;
}

/** Deviations of the played parties from their usual answers. */
export interface Script {
  /** Changes a token before it is signed. */
  readonly tokens?: Partial<Record<IssuedKind, Flaw>>;
  /** Replaces the answer of a step. */
  readonly answers?: Answers;
}
export type Answers = Partial<Record<Step, (usual: PlayedAnswer, seen: Seen) => Answering>>;
type IssuedKind = "person" | "auth" | "resource";
type Answering = PlayedAnswer | Promise<PlayedAnswer>;

export interface AgentBench extends Bench {
  readonly target: Program;
  readonly world: World;
  readonly listener: Listener;
  script: Script;
  /** Messages of the current call, in order. */
  seen: Seen[];
}

/** The played resource asks for an agent token, a person token and an auth token in turn. */
export function createAgentBench(options: {
  readonly target: Program;
  readonly world: World;
  readonly listener: Listener;
  readonly has?: readonly string[] | undefined;
}): AgentBench {
  const { has = [], ...own } = options;
  const bench: AgentBench = { ...own, claims: new Set(has), script: {}, seen: [] };
  const { documents } = own.world.parties["resource-other"];
  const address = "/.well-known/aauth-resource.json";
  documents.set(address, { ...(documents.get(address) as object), ...DEMANDING });
  own.listener.play = async (party, message) => {
    if (party === undefined) return undefined;
    const judged = judgeMessage(message);
    const step = stepOf(party, message, judged);
    const seen = { ...judged, party, message, step, atMs: performance.now(), status: 0 };
    bench.seen.push(seen);
    const usual = usualAnswer(bench, seen);
    const answer = (await bench.script.answers?.[seen.step]?.(usual, seen)) ?? usual;
    seen.status = answer.status;
    own.target.received(message, { status: answer.status, fields: answer.fields ?? {}, body: "" });
    return answer;
  };
  return bench;
}

/** Demands of the other resource. */
export const DEMANDED = ["@query", "content-type", "content-digest"];
const DEMANDING = { additional_signature_components: DEMANDED };

function stepOf({ name }: Party, { target }: Message, { jwt }: Judgement): Step {
  if (target.startsWith("/pending")) return "poll";
  if (target.startsWith("/interaction")) return "page";
  if (name.startsWith("ps")) return target === "/person" ? "person-request" : "auth-request";
  const [, kind] = /^aa-(agent|person|auth)\+jwt$/.exec(String(jwt?.header.typ)) ?? [];
  return (kind as Step | undefined) ?? "unsigned";
}

function usualAnswer(bench: AgentBench, seen: Seen): PlayedAnswer {
  const body = jsonOf({ body: seen.message.body ?? "" }) ?? {};
  switch (seen.step) {
    case "unsigned":
      return challenge("agent-token");
    case "agent":
      return challenge("person-token");
    case "person":
      return askForAuth(bench, seen);
    case "person-request": {
      const claims = { cnf: holderOf(seen, body.subagent_token) };
      const plan = bench.world.personToken(String(body.resource), { claims });
      return { status: 200, body: { person_token: issue(bench, "person", plan), expires_in: 3300 } };
    }
    case "auth-request": {
      const { iss, sub, ps, scope } = claimsOf(body.resource_token);
      const claims = { cnf: holderOf(seen, body.subagent_token), sub, ps, scope };
      const plan = bench.world.authToken(String(iss), { claims });
      return { status: 200, body: { auth_token: issue(bench, "auth", plan), expires_in: 3300 } };
    }
    case "poll":
      return { status: 410 };
    default:
      return { status: 200, body: "served" };
  }
}

/** Asks for an auth token, with a resource token for the token that was shown. */
export function askForAuth(bench: AgentBench, { party, jwt }: Seen, more: object = {}): PlayedAnswer {
  const claims = { agent_jkt: thumbprint(cnfOf(jwt?.claims).jwk ?? {}), ...more };
  const plan = bench.world.resourceToken({ claims: jwt?.claims ?? {} }, { resource: party, claims });
  return challenge("auth-token", { "resource-token": issue(bench, "resource", plan) });
}

/** An answer with a requirement. */
export function challenge(value: string, params: Readonly<Record<string, string>> = {}): PlayedAnswer {
  const rest = Object.entries(params).map(([name, text]) => `; ${name}="${text}"`);
  return { status: 401, fields: { "aauth-requirement": `requirement=${value}${rest.join("")}` } };
}

function issue({ script, world }: AgentBench, kind: IssuedKind, plan: TokenPlan): string {
  script.tokens?.[kind]?.(plan, world);
  return tokenOf(plan);
}

const cnfOf = (claims: Readonly<Record<string, unknown>> = {}) => (claims.cnf ?? {}) as { jwk?: Jwk };
const holderOf = ({ jwt }: Seen, subagent: unknown) =>
  cnfOf(subagent === undefined ? jwt?.claims : claimsOf(subagent));

function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  try {
    return decodeJwt(String(token)).claims;
  } catch {
    return {};
  }
}

/** A call that the program is asked to make. */
export interface Call {
  /** Default: an agent that no party has seen. */
  readonly agent?: PlayedAgent;
  /** Claims of its agent token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Default: `resource`. */
  readonly at?: "resource" | "resource-other";
  readonly path?: string;
  /** Makes the call a POST. */
  readonly body?: string;
  /** Further members of the line. */
  readonly more?: Readonly<Record<string, string>>;
  readonly script?: Script;
}

/** The outcome of a call. The status is 0 for an error. */
export interface Run {
  readonly answer: Answer;
  readonly seen: readonly Seen[];
}

/** @throws TargetError for a program that gives no answer */
export async function call(bench: AgentBench, own: Call = {}): Promise<Run> {
  const { world, listener, target } = bench;
  const { agent = freshAgent(world), at = "resource", path = "/data", body, script = {}, more } = own;
  Object.assign(bench, { script, seen: [] });
  const { host, id } = world.parties[at];
  const method = body === undefined ? "GET" : "POST";
  const agent_token = tokenOf(world.agentToken({ agent, claims: own.claims ?? {} }));
  const identity = { address: listener.address, key: agent.key.privateJwk, agent_token };
  const message = { method, authority: host, target: path, fields: [], body };
  const line = { method, url: `${id}${path}`, body: body ?? null, ...identity, ...more };
  const answer = await target.ask(message, line, answerOf);
  return { answer, seen: bench.seen };
}

function answerOf({ status, error }: Line): Answer {
  if (typeof status === "number") return { status, fields: {}, body: "" };
  if (typeof error === "string") return { status: 0, fields: {}, body: "", code: error };
  throw new TargetError("the line has neither a status nor an error");
}

/** A call that must be served. @throws TargetError otherwise */
export async function served(bench: AgentBench, own?: Call): Promise<Run> {
  const run = await call(bench, own);
  if (run.answer.status !== 200) throw new TargetError(`a valid call ended with ${describe(run.answer)}`);
  if (run.seen.some(({ status }) => status === 200)) return run;
  throw new TargetError("the program reports success, and no party has answered so");
}

export type Judge = (run: Run, bench: AgentBench) => Outcome;
type CallOf = Call | ((bench: AgentBench) => Call);
const callOf = (own: CallOf, bench: AgentBench) => (typeof own === "function" ? own(bench) : own);
const rows = (level?: Row["level"]) => pairOf<AgentBench>([], level);

/** A row of a call that must be served. */
export const serving = (
  number: string,
  clause: ClauseName,
  title: string,
  judge: Judge,
  own: CallOf = {},
  level?: Row["level"],
): Spec<AgentBench> =>
  rows(level).accepts(number, clause, title, async (bench) =>
    judge(await served(bench, callOf(own, bench)), bench),
  );

/** A row of a call that must not be served, after its twin. */
export const refusing = (
  number: string,
  clause: ClauseName,
  title: string,
  own: CallOf,
  judge: Judge = () => undefined,
  level?: Row["level"],
): Spec<AgentBench> =>
  rows(level).refuses(number, clause, title, async (bench) => {
    await served(bench);
    const run = await call(bench, callOf(own, bench));
    return judge(run, bench) || (run.answer.status === 200 && "the call counts as served");
  });

export const atStep = ({ seen }: Run, step: Step): readonly Seen[] =>
  seen.filter((message) => message.step === step);
