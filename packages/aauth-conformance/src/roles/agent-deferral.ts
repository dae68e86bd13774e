/**
 * An agent whose request waits.
 *
 * @module
 */

import type { PlayedAnswer } from "../peers/listener.ts";
import { differs } from "../suite/check.ts";
import { pairOf, type Spec } from "../suite/rows.ts";
import { jsonOf } from "../suite/target.ts";
import {
  type AgentBench,
  type Answers,
  askForAuth,
  atStep,
  call,
  challenge,
  type Run,
  type Script,
  type Seen,
  served,
} from "./agent-bench.ts";

const { accepts, refuses } = pairOf<AgentBench>();
const should = pairOf<AgentBench>([], "should");

/** A request that waits, with the fields of a requirement. */
const waiting = (fields: Readonly<Record<string, string>> = {}, body: object = {}): PlayedAnswer => ({
  status: 202,
  fields: { location: "/pending/1", "retry-after": "1", "cache-control": "no-store", ...fields },
  body: { status: "pending", ...body },
});
const interaction = (url: string) =>
  waiting(challenge("interaction", { url, code: "A1B2-C3D4" }).fields ?? {});
const problem = (status: number, error: string): PlayedAnswer => ({
  status,
  fields: { "content-type": "application/problem+json" },
  body: JSON.stringify({ error }),
});

/** Defers the person token. Polls are answered with these, then with the token. */
function deferring(first = waiting(), ...polls: readonly PlayedAnswer[]): { script: Script } {
  const left = [...polls];
  let token: PlayedAnswer = { status: 410 };
  const defer = (usual: PlayedAnswer) => {
    token = usual;
    return first;
  };
  return { script: { answers: { "person-request": defer, poll: () => left.shift() ?? token } } };
}

/** Problem of a poll that came too early after the step before it. */
function early(run: Run, poll: number, seconds: number): string | false {
  const steps = run.seen.filter(({ step }) => step === "person-request" || step === "poll");
  const waited = (steps[poll]?.atMs ?? Number.NaN) - (steps[poll - 1]?.atMs ?? 0);
  return !(waited >= seconds * 1000 - 100) && `it waited ${Math.round(waited)} ms`;
}

/** Defers the call itself. Polls with such a token are answered, others wait. */
const heldBy = (kind: string, first: (seen: Seen) => PlayedAnswer): Answers => ({
  person: (_, seen) => first(seen),
  poll: (_, { jwt }) => (jwt?.header.typ === kind ? { status: 200, body: "served" } : waiting()),
});

const ENDS = [
  ["01", 403, "denied"],
  ["02", 408, "expired"],
  ["03", 410, "invalid_code"],
] as const;

export const agentDeferralRows: readonly Spec<AgentBench>[] = [
  accepts("11.8.3-01", "11.8.3/get", "polls with GET, without the body", async (bench) => {
    const polls = atStep(await served(bench, deferring()), "poll");
    const [first] = polls.map(({ message }) => message);
    return differs("the method", first?.method, "GET") ?? differs("the body", first?.body, undefined);
  }),
  accepts("11.8.3-02", "13.2/poll", "signs its polls with its agent token", async (bench) => {
    const [poll] = atStep(await served(bench, deferring()), "poll");
    return poll?.problems[0] ?? differs("typ", poll?.jwt?.header.typ, "aa-agent+jwt");
  }),
  accepts("11.8.3-03", "11.8.3/respect", "waits as Retry-After says", async (bench) =>
    early(await served(bench, deferring(waiting({ "retry-after": "2" }))), 1, 2),
  ),
  accepts("11.8.3-04", "11.8.3/slow", "polls five seconds slower after slow_down", async (bench) =>
    early(await served(bench, deferring(undefined, problem(429, "slow_down"))), 2, 6),
  ),
  accepts("11.8.3-05", "11.8.3/default", "waits five seconds without Retry-After", async (bench) => {
    const { fields: { "retry-after": _, ...fields } = {}, ...first } = waiting();
    return early(await served(bench, deferring({ ...first, fields })), 1, 5);
  }),
  accepts("11.8.2-01", "11.8.2/unknown", "polls on after a status that it does not know", async (bench) => {
    const odd = waiting({}, { status: "from-the-future" });
    return differs("the status", (await call(bench, deferring(odd, odd))).answer.status, 200);
  }),
  ...ENDS.map(([number, status, error]) =>
    refuses(`11.8.4-${number}`, "11.8.4/ends", `stops polling after ${error}`, async (bench) => {
      await served(bench, deferring());
      const run = await call(bench, deferring(undefined, problem(status, error)));
      if (run.answer.status === 200) return "the call counts as served";
      return differs("the number of polls", atStep(run, "poll").length, 1);
    }),
  ),
  accepts("11.6.3.2-01", "11.6.3.2/open", "sends the person to the page with the code", async (bench) => {
    const first = interaction(`${bench.world.parties.ps.id}/interaction`);
    const [page] = atStep(await served(bench, deferring(first)), "page");
    const query = new URLSearchParams(page?.message.target.split("?")[1]);
    return differs("code", query.get("code")?.replaceAll("-", ""), "A1B2C3D4");
  }),
  ...["http:", "?a=b", "#a"].map((flaw, index) => {
    const title = `sends no person to an address with ${flaw}`;
    return should.refuses(`11.6.3-0${index + 1}`, "11.6.3/url", title, async (bench) => {
      const url = `${bench.world.parties.ps.id}/interaction`;
      await served(bench, deferring(interaction(url)));
      const bad = flaw === "http:" ? url.replace("https:", flaw) : `${url}${flaw}`;
      return atStep(await call(bench, deferring(interaction(bad))), "page").length > 0 && "it did";
    });
  }),
  should.refuses("11.8.2-02", "11.8.2/location", "polls no other origin", async (bench) => {
    await served(bench, deferring());
    const location = `${bench.world.parties["ps-other"].id}/pending/1`;
    return atStep(await call(bench, deferring(waiting({ location }))), "poll").length > 0 && "it did";
  }),
  accepts("11.8-01", "11.8/any", "polls for a call that the resource has deferred", async (bench) => {
    const answers = heldBy("aa-person+jwt", () => waiting());
    const run = await call(bench, { script: { answers } });
    return atStep(run, "poll")[0]?.problems[0] ?? differs("the status", run.answer.status, 200);
  }),
  accepts("6.5.1-01", "6.5.1/both", "gets an auth token for a call that is held", async (bench) => {
    const answers = heldBy("aa-auth+jwt", (seen) => waiting(askForAuth(bench, seen).fields ?? {}));
    return differs("the status", (await call(bench, { script: { answers } })).answer.status, 200);
  }),
  pairOf<AgentBench>(["clarification"]).accepts(
    "7.5.2-01",
    "7.5.2/respond",
    "answers a question, or withdraws",
    async (bench) => {
      const first = waiting(challenge("clarification").fields ?? {}, { clarification: "Why?" });
      const [reply] = atStep(await call(bench, deferring(first)), "poll");
      if (reply?.message.method === "DELETE") return reply.problems[0];
      const { action } = jsonOf({ body: reply?.message.body ?? "" }) ?? {};
      const isKnown = action === "clarification_response" || action === "updated_request";
      return reply?.problems[0] ?? (!isKnown && `the action is ${String(action)}`);
    },
  ),
];
