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
import { type Check, describe, failed, inconclusive, passed, type Role } from "../suite/check.ts";
import { checkOf, type Spec } from "../suite/rows.ts";
import { judgeRefusal } from "../suite/subject.ts";
import type { Answer } from "../suite/target.ts";
import type { PublishingBench } from "./documents.ts";
import { planFor } from "./resource-bench.ts";
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
  const { pathname } = new URL(String(bench.metadata.revocation_endpoint));
  const plan = planFor(bench, "POST", pathname, undefined, body);
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
  const check = (spec: Omit<Spec<B>, "role" | "needs" | "id"> & { readonly number: string }): Check<B> => {
    const { number, ...rest } = spec;
    return checkOf({ role, needs: ["revocation_endpoint"], id: `${prefix}-${number}`, ...rest });
  };
  const twinOf = (bench: B) => revoke(bench, partyOf(bench.world), unknownToken(bench));
  const refused = (
    number: string,
    title: string,
    clause: Spec<B>["clause"],
    codes: readonly string[],
    change: (plan: Plan, world: World) => void,
  ) =>
    check({
      number,
      title,
      clause,
      polarity: "refuse",
      async run(bench) {
        const twin = await twinOf(bench);
        if (twin.status !== 200) return inconclusive(`its valid twin was answered ${describe(twin)}`);
        const plan = revocationPlan(bench, partyOf(bench.world), unknownToken(bench));
        change(plan, bench.world);
        return judgeRefusal(await bench.target.send(compose(plan)), twin, { codes }, undefined);
      },
    });
  const malformed = (number: string, title: string, clause: Spec<B>["clause"], body: object) =>
    check({
      number,
      title,
      clause,
      polarity: "refuse",
      async run(bench) {
        const twin = await twinOf(bench);
        if (twin.status !== 200) return inconclusive(`its valid twin was answered ${describe(twin)}`);
        return problemFinding(await revoke(bench, partyOf(bench.world), body), 400, "invalid_request");
      },
    });
  return [
    check({
      number: "11.12.3-01",
      title: "records the revocation of a token that it never saw",
      clause: "11.12.3/recorded",
      polarity: "accept",
      async run(bench) {
        const answer = await twinOf(bench);
        return answer.status === 200 ? passed : failed(`it was answered ${describe(answer)}`);
      },
    }),
    check({
      number: "11.12.3-04",
      title: "answers a repeated revocation like the first",
      clause: "11.12.3/repeat",
      polarity: "accept",
      async run(bench) {
        const token = unknownToken(bench);
        const first = await revoke(bench, partyOf(bench.world), token);
        if (first.status !== 200) return inconclusive(`the first was answered ${describe(first)}`);
        const second = await revoke(bench, partyOf(bench.world), token);
        return second.status === 200 ? passed : failed(`the second was answered ${describe(second)}`);
      },
    }),
    refused(
      "11.12.1-02",
      "refuses a revocation whose signature does not cover the body",
      "11.12.1/cover",
      ["invalid_input"],
      (plan) => uncover(plan, "content-digest"),
    ),
    refused(
      "11.12.1-03",
      "refuses a revocation that an agent has signed",
      "11.12.1/server",
      ["unsupported_scheme"],
      (plan, { agent, agentToken }) => {
        plan.key = agent.key;
        plan.token = agentToken();
      },
    ),
    refused(
      "11.12.1-04",
      "refuses a revocation that another key has signed",
      "11.12.1/verify",
      ["invalid_signature"],
      (plan, { unknownKey }) => {
        plan.key = unknownKey;
      },
    ),
    malformed("11.12.1-05", "refuses a revocation without jti", "11.12.1/jti", { exp: 4_000_000_000 }),
    malformed("11.12.1-06", "refuses a revocation without exp", "11.12.1/exp", { jti: "a-token" }),
  ];
}
