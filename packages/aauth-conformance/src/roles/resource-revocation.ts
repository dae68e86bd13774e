/**
 * Revocation at a resource: the suite's person server revokes tokens that it has issued.
 *
 * @module
 */

import type { TokenPlan } from "../messages/plan.ts";
import { describe, inconclusive, refusalProblem } from "../suite/check.ts";
import { type Outcome, pairOf, type Spec } from "../suite/rows.ts";
import { judgeRefusal } from "../suite/subject.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { requirementOf } from "./bench.ts";
import { call, type ResourceBench, type RouteLevel, routeToken } from "./resource-bench.ts";
import { revocationRows, revoke, unknownToken } from "./revocation.ts";

const NEEDS = ["revocation_endpoint"];
const any = pairOf<ResourceBench>(NEEDS);
const person = pairOf<ResourceBench>([...NEEDS, "a route for person-token"]);
const auth = pairOf<ResourceBench>([...NEEDS, "a route for auth-token"]);
const authShould = pairOf<ResourceBench>([...NEEDS, "a route for auth-token"], "should");

const revokeAs = (bench: ResourceBench, name: "ps" | "ps-other", { claims: { jti, exp } }: TokenPlan) =>
  revoke(bench, bench.world.parties[name], { jti, exp });
const revokeUnknown = (bench: ResourceBench) => revoke(bench, bench.world.parties.ps, unknownToken(bench));

/** Shows a token, revokes it and shows it again. */
const revoking =
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
    const revoked = await revokeAs(bench, "ps", token);
    if (revoked.status !== 200) return inconclusive(`the revocation was answered ${describe(revoked)}`);
    return judge(await call(bench, level, token), before);
  };

const isRevoked = (after: Answer, before: Answer) =>
  judgeRefusal(after, before, { status: 401, codes: "revoked_jwt" });
const isAsked = (after: Answer) => {
  if (after.status < 300) return `it was answered ${describe(after)}`;
  return requirementOf(after)?.value === "auth-token" && "it did";
};
const asksForPerson = (after: Answer) => {
  const found = requirementOf(after)?.value;
  return found !== "person-token" && `the requirement is ${String(found)}`;
};
const isUnasked = (before: Answer) =>
  requirementOf(before)?.value !== "auth-token" && `it was answered ${describe(before)}`;

const revokedPerson = revoking("person-token", isRevoked);
const revokedAuth = revoking("auth-token", isRevoked);
const askedAgain = revoking("auth-token", asksForPerson);
const steppedUp = revoking("auth-token", isAsked);
const upgraded = revoking("auth-token", isAsked, ({ world, id }) => world.personToken(id), isUnasked);

export const resourceRevocationRows: readonly Spec<ResourceBench>[] = [
  any.accepts("11.12.3-02", "11.12.3/202", "never defers a revocation", async (bench) => {
    return (await revokeUnknown(bench)).status === 202 && "it answered 202";
  }),
  any.accepts("11.12.3-03", "11.12.3/body", "answers with no body, or a JSON object", async (bench) => {
    const answer = await revokeUnknown(bench);
    if (answer.status !== 200) return inconclusive(`it was answered ${describe(answer)}`);
    const isJson =
      answer.fields["content-type"]?.startsWith("application/json") && jsonOf(answer) !== undefined;
    return answer.body !== "" && !isJson && "the body is no JSON object";
  }),
  person.refuses("11.12.4-01", "11.12.4/person", "refuses a revoked person token", revokedPerson),
  auth.refuses("11.12.5-01", "11.12.5/header", "refuses a revoked auth token as revoked", revokedAuth),
  authShould.refuses(
    "11.12.5-02",
    "11.12.5/person",
    "asks for a person token after a revoked auth token",
    askedAgain,
  ),
  auth.refuses("11.12.5-03", "11.12.5/not", "issues no resource token for a revoked auth token", steppedUp),
  auth.refuses(
    "11.12.4-02",
    "11.12.4/person",
    "issues no resource token for a revoked person token",
    upgraded,
  ),
  person.accepts("11.12.1-01", "11.12.1/key", "ignores another issuer's revocation", async (bench) => {
    const token = bench.world.personToken(bench.id);
    await revokeAs(bench, "ps-other", token);
    return refusalProblem(await call(bench, "person-token", token));
  }),
  ...revocationRows(({ parties }) => parties.ps),
];
