/**
 * Checks of the revocation endpoint, for every party that has one.
 *
 * @module
 */

import { BODY_COMPONENTS, compose, type Plan, setParam, uncover } from "../messages/plan.ts";
import {
  ACCESS_DOCUMENT,
  AGENT_DOCUMENT,
  type Party,
  PERSON_DOCUMENT,
  RESOURCE_DOCUMENT,
  type World,
} from "../peers/world.ts";
import {
  type Check,
  describe,
  type Finding,
  inconclusive,
  type Role,
  refusalProblem,
} from "../suite/check.ts";
import { pairOf } from "../suite/rows.ts";
import { judgeRefusal } from "../suite/subject.ts";
import type { Answer } from "../suite/target.ts";
import type { PublishingBench } from "./documents.ts";
import { pathOf, planFor } from "./resource-bench.ts";
import { problemFinding } from "./resource-tokens.ts";

/** A bench of a party with a revocation endpoint. */
export interface RevocationBench extends PublishingBench {
  readonly world: World;
  readonly host: string;
}

const DOCUMENTS: readonly (readonly [string, string])[] = [
  ["ap", AGENT_DOCUMENT],
  ["ps", PERSON_DOCUMENT],
  ["as", ACCESS_DOCUMENT],
  ["resource", RESOURCE_DOCUMENT],
];

/** Signs a plan as a played server. */
export function signAs(plan: Plan, { name, id, key }: Party): void {
  const document = DOCUMENTS.find(([start]) => name.startsWith(start))?.[1] ?? RESOURCE_DOCUMENT;
  plan.key = key;
  plan.token = undefined;
  plan.signatureKey = `jwks_uri;id="${id}";dwk="${document}";kid="${key.kid}"`;
}

/** A signed revocation by a played server. */
export function revocationPlan(bench: RevocationBench, party: Party, body: object): Plan {
  const plan = planFor(bench, "POST", pathOf(bench, "revocation_endpoint"), undefined, body);
  signAs(plan, party);
  plan.components = [...new Set([...plan.components, ...BODY_COMPONENTS])];
  // Two equal revocations within a second are two messages, not a replay.
  setParam(plan, "nonce", crypto.randomUUID());
  return plan;
}

export const revoke = (bench: RevocationBench, party: Party, body: object): Promise<Answer> =>
  bench.target.send(compose(revocationPlan(bench, party, body)));

export const unknownToken = ({ world }: RevocationBench) => ({
  jti: crypto.randomUUID(),
  exp: world.now() + 600,
});

/** @param partyOf a server whose tokens the target accepts */
export function revocationChecks<B extends RevocationBench>(
  role: Role,
  prefix: string,
  partyOf: (world: World) => Party,
): readonly Check<B>[] {
  const { accepts, refuses } = pairOf<B>(role, prefix, ["revocation_endpoint"]);
  type Clause = Parameters<typeof refuses>[1];
  const send = (bench: B, body: object = unknownToken(bench)) => revoke(bench, partyOf(bench.world), body);
  /** A refusal after its valid twin. */
  const afterTwin = (
    number: string,
    clause: Clause,
    flaw: string,
    judge: (bench: B, twin: Answer) => Promise<Finding>,
  ) =>
    refuses(number, clause, `refuses a revocation ${flaw}`, async (bench) => {
      const twin = await send(bench);
      if (twin.status !== 200) return inconclusive(`its valid twin was answered ${describe(twin)}`);
      return judge(bench, twin);
    });
  const refused = (
    number: string,
    clause: Clause,
    flaw: string,
    code: string,
    change: (plan: Plan, world: World) => void,
  ) =>
    afterTwin(number, clause, flaw, async (bench, twin) => {
      const plan = revocationPlan(bench, partyOf(bench.world), unknownToken(bench));
      change(plan, bench.world);
      return judgeRefusal(await bench.target.send(compose(plan)), twin, { codes: [code] }, undefined);
    });
  const malformed = (number: string, clause: Clause, flaw: string, body: object) =>
    afterTwin(number, clause, flaw, async (bench) =>
      problemFinding(await send(bench, body), 400, "invalid_request"),
    );
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
    refused("11.12.1-02", "11.12.1/cover", "that does not cover its body", "invalid_input", (plan) =>
      uncover(plan, "content-digest"),
    ),
    refused("11.12.1-03", "11.12.1/server", "by an agent", "unsupported_scheme", (plan, world) => {
      plan.key = world.agent.key;
      plan.token = world.agentToken();
    }),
    refused(
      "11.12.1-04",
      "11.12.1/verify",
      "that another key has signed",
      "invalid_signature",
      (plan, world) => {
        plan.key = world.unknownKey;
      },
    ),
    malformed("11.12.1-05", "11.12.1/jti", "without jti", { exp: 4_000_000_000 }),
    malformed("11.12.1-06", "11.12.1/exp", "without exp", { jti: "a-token" }),
  ];
}
