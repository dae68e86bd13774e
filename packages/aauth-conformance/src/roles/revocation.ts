/**
 * Rows of the revocation endpoint, for every party that has one.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { compose, type Plan, setParam, uncover } from "../messages/plan.ts";
import type { Party, World } from "../peers/world.ts";
import { describe, inconclusive, refusalProblem } from "../suite/check.ts";
import { pairOf, type Spec } from "../suite/rows.ts";
import { type Case, caseRows } from "../suite/subject.ts";
import type { Answer } from "../suite/target.ts";
import { messageSubject, type PartyBench, pathOf, planFor, signAs } from "./bench.ts";

/** A signed revocation by a played server. */
function revocationPlan(bench: PartyBench, party: Party, body: object): Plan {
  const plan = planFor(bench, "POST", pathOf(bench, "revocation_endpoint"), undefined, body);
  signAs(plan, party);
  // Two equal revocations within a second are two messages, not a replay.
  setParam(plan, "nonce", randomUUID());
  return plan;
}

export const revoke = (bench: PartyBench, party: Party, body: object): Promise<Answer> =>
  bench.target.send(compose(revocationPlan(bench, party, body)));

export const unknownToken = ({ world }: PartyBench) => ({ jti: randomUUID(), exp: world.now() + 600 });

const byAgent = (plan: Plan, { world: { agent, agentToken } }: PartyBench) =>
  Object.assign(plan, { key: agent.key, token: agentToken() });
const forged = (plan: Plan, { world }: PartyBench) => Object.assign(plan, { key: world.unknownKey });

const SIGNED: readonly Case<PartyBench, Plan>[] = [
  [
    "11.12.1-02",
    "11.12.1/cover",
    "refuses a revocation that does not cover its body",
    (plan) => uncover(plan, "content-digest"),
    "invalid_input",
  ],
  ["11.12.1-03", "11.12.1/server", "refuses a revocation by an agent", byAgent, "unsupported_scheme"],
  [
    "11.12.1-04",
    "11.12.1/verify",
    "refuses a revocation that another key has signed",
    forged,
    "invalid_signature",
  ],
];
const sending = (content: object) => (plan: Plan) => Object.assign(plan, { body: JSON.stringify(content) });
const MALFORMED: readonly Case<PartyBench, Plan>[] = [
  [
    "11.12.1-05",
    "11.12.1/jti",
    "refuses a revocation without jti",
    sending({ exp: 4_000_000_000 }),
    "invalid_request",
  ],
  [
    "11.12.1-06",
    "11.12.1/exp",
    "refuses a revocation without exp",
    sending({ jti: "a-token" }),
    "invalid_request",
  ],
];

const NEEDS = ["revocation_endpoint"];
const { accepts } = pairOf<PartyBench>(NEEDS);

/** @param partyOf a server whose tokens the target accepts */
export function revocationRows(partyOf: (world: World) => Party): readonly Spec<PartyBench>[] {
  const send = (bench: PartyBench, body: object = unknownToken(bench)) =>
    revoke(bench, partyOf(bench.world), body);
  const planOf = (bench: PartyBench) => revocationPlan(bench, partyOf(bench.world), unknownToken(bench));
  return [
    accepts("11.12.3-01", "11.12.3/recorded", "records the revocation of a new token", async (bench) =>
      refusalProblem(await send(bench)),
    ),
    accepts("11.12.3-04", "11.12.3/repeat", "answers a repetition like the first", async (bench) => {
      const token = unknownToken(bench);
      const first = await send(bench, token);
      if (first.status !== 200) return inconclusive(`the first was answered ${describe(first)}`);
      const second = await send(bench, token);
      return second.status !== 200 && `the second was answered ${describe(second)}`;
    }),
    ...caseRows(messageSubject(planOf), SIGNED, NEEDS),
    ...caseRows(messageSubject(planOf, 400), MALFORMED, NEEDS),
  ];
}
