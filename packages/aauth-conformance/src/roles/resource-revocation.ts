/**
 * Revocation at a resource: the suite's person server revokes tokens that it has issued.
 *
 * @module
 */

import type { TokenPlan } from "../messages/plan.ts";
import type { Party } from "../peers/world.ts";
import { type Check, describe, type Finding, inconclusive, refusalProblem } from "../suite/check.ts";
import { type Outcome, pairOf } from "../suite/rows.ts";
import { judgeRefusal } from "../suite/subject.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { call, type ResourceBench, type RouteLevel, requirementOf, routeToken } from "./resource-bench.ts";
import { revocationChecks, revoke, unknownToken } from "./revocation.ts";

const NEEDS = ["revocation_endpoint"];
const any = pairOf<ResourceBench>("resource", "RS", NEEDS);
const person = pairOf<ResourceBench>("resource", "RS", [...NEEDS, "a route for person-token"]);
const auth = pairOf<ResourceBench>("resource", "RS", [...NEEDS, "a route for auth-token"]);
const authShould = pairOf<ResourceBench>("resource", "RS", [...NEEDS, "a route for auth-token"], "should");

const revokeAs = (
  bench: ResourceBench,
  body: object,
  party: Party = bench.world.parties.ps,
): Promise<Answer> => revoke(bench, party, body);

const nameOf = ({ claims: { jti, exp } }: TokenPlan) => ({ jti, exp });

/** Shows a token, revokes it and shows it again. */
const afterRevocation =
  (
    level: RouteLevel,
    judge: (after: Answer, before: Answer) => Outcome,
    tokenOf: (bench: ResourceBench) => TokenPlan = (bench) => routeToken(bench, level),
    problemBefore: (before: Answer) => string | false | undefined = refusalProblem,
  ) =>
  async (bench: ResourceBench): Promise<Outcome> => {
    const token = tokenOf(bench);
    const before = await call(bench, level, token);
    const problem = problemBefore(before);
    if (problem) return inconclusive(`before the token was revoked, ${problem}`);
    const revoked = await revokeAs(bench, nameOf(token));
    if (revoked.status !== 200) return inconclusive(`the revocation was answered ${describe(revoked)}`);
    return judge(await call(bench, level, token), before);
  };

const isRevoked = (after: Answer, before: Answer): Finding =>
  judgeRefusal(after, before, { codes: ["revoked_jwt"] }, undefined);
const isAsked = (after: Answer) => {
  if (after.status < 300) return `it was answered ${describe(after)}`;
  return requirementOf(after)?.value === "auth-token" && "it did";
};

export const resourceRevocationChecks: readonly Check<ResourceBench>[] = [
  any.accepts("11.12.3-02", "11.12.3/202", "never defers a revocation", async (bench) => {
    return (await revokeAs(bench, unknownToken(bench))).status === 202 && "it answered 202";
  }),
  any.accepts("11.12.3-03", "11.12.3/body", "answers with no body, or a JSON object", async (bench) => {
    const answer = await revokeAs(bench, unknownToken(bench));
    if (answer.status !== 200) return inconclusive(`it was answered ${describe(answer)}`);
    const isJson =
      answer.fields["content-type"]?.startsWith("application/json") && jsonOf(answer) !== undefined;
    return answer.body !== "" && !isJson && "the body is no JSON object";
  }),
  person.refuses(
    "11.12.4-01",
    "11.12.4/person",
    "refuses a revoked person token",
    afterRevocation("person-token", isRevoked),
  ),
  auth.refuses(
    "11.12.5-01",
    "11.12.5/header",
    "refuses a revoked auth token as revoked",
    afterRevocation("auth-token", isRevoked),
  ),
  authShould.refuses(
    "11.12.5-02",
    "11.12.5/person",
    "asks for a person token after a revoked auth token",
    afterRevocation("auth-token", (after) => {
      const found = requirementOf(after)?.value;
      return found !== "person-token" && `the requirement is ${String(found)}`;
    }),
  ),
  auth.refuses(
    "11.12.5-03",
    "11.12.5/not",
    "issues no resource token for a revoked auth token",
    afterRevocation("auth-token", isAsked),
  ),
  auth.refuses(
    "11.12.4-02",
    "11.12.4/person",
    "issues no resource token for a revoked person token",
    afterRevocation(
      "auth-token",
      isAsked,
      ({ world, id }) => world.personToken(id),
      (before) => requirementOf(before)?.value !== "auth-token" && `it was answered ${describe(before)}`,
    ),
  ),
  person.accepts("11.12.1-01", "11.12.1/key", "ignores another issuer's revocation", async (bench) => {
    const token = bench.world.personToken(bench.id);
    await revokeAs(bench, nameOf(token), bench.world.parties["ps-other"]);
    return refusalProblem(await call(bench, "person-token", token));
  }),
  ...revocationChecks<ResourceBench>("resource", "RS", ({ parties }) => parties.ps),
];
