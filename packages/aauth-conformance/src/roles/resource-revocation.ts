/**
 * Revocation at a resource: the suite's person server revokes tokens that it has issued.
 *
 * @module
 */

import type { TokenPlan } from "../messages/plan.ts";
import type { Party } from "../peers/world.ts";
import {
  type Check,
  describe,
  type Finding,
  failed,
  inconclusive,
  passed,
  verdictOf,
} from "../suite/check.ts";
import { checkOf, type Spec } from "../suite/rows.ts";
import { isServed, judgeRefusal } from "../suite/subject.ts";
import { type Answer, jsonOf } from "../suite/target.ts";
import { call, type ResourceBench, type RouteLevel, requirementOf, routeToken } from "./resource-bench.ts";
import { revocationChecks, revoke, unknownToken } from "./revocation.ts";

const NEEDS = ["revocation_endpoint"];
type ResourceSpec = Omit<Spec<ResourceBench>, "role">;
const check = (spec: ResourceSpec): Check<ResourceBench> => checkOf({ role: "resource", ...spec });

const revokeAs = (
  bench: ResourceBench,
  body: object,
  party: Party = bench.world.parties.ps,
): Promise<Answer> => revoke(bench, party, body);

const nameOf = ({ claims: { jti, exp } }: TokenPlan) => ({ jti, exp });

/** Serves a token, revokes it and shows it again. */
async function revokedAnswer(
  bench: ResourceBench,
  level: RouteLevel,
): Promise<readonly [Answer, Answer] | Finding> {
  const token = routeToken(bench, level);
  const before = await call(bench, level, token);
  if (!isServed(before))
    return inconclusive(`the token was answered ${describe(before)} before it was revoked`);
  const revoked = await revokeAs(bench, nameOf(token));
  if (revoked.status !== 200) return inconclusive(`the revocation was answered ${describe(revoked)}`);
  return [before, await call(bench, level, token)];
}

export const resourceRevocationChecks: readonly Check<ResourceBench>[] = [
  check({
    id: "RS-11.12.3-02",
    title: "never defers a revocation",
    clause: "11.12.3/202",
    needs: NEEDS,
    polarity: "accept",
    run: async (bench) =>
      verdictOf((await revokeAs(bench, unknownToken(bench))).status === 202 && "it answered 202"),
  }),
  check({
    id: "RS-11.12.3-03",
    title: "answers a revocation with no body, or a JSON object",
    clause: "11.12.3/body",
    needs: NEEDS,
    polarity: "accept",
    async run(bench) {
      const answer = await revokeAs(bench, unknownToken(bench));
      if (answer.status !== 200) return inconclusive(`it was answered ${describe(answer)}`);
      if (answer.body === "") return passed;
      const isJson =
        answer.fields["content-type"]?.startsWith("application/json") && jsonOf(answer) !== undefined;
      return isJson ? passed : failed("the body is no JSON object");
    },
  }),
  check({
    id: "RS-11.12.4-01",
    title: "refuses a revoked person token",
    clause: "11.12.4/person",
    needs: [...NEEDS, "a route for person-token"],
    polarity: "refuse",
    async run(bench) {
      const answers = await revokedAnswer(bench, "person-token");
      if ("verdict" in answers) return answers;
      return judgeRefusal(answers[1], answers[0], { codes: ["revoked_jwt"] }, undefined);
    },
  }),
  check({
    id: "RS-11.12.5-01",
    title: "refuses a revoked auth token as revoked",
    clause: "11.12.5/header",
    needs: [...NEEDS, "a route for auth-token"],
    polarity: "refuse",
    async run(bench) {
      const answers = await revokedAnswer(bench, "auth-token");
      if ("verdict" in answers) return answers;
      return judgeRefusal(answers[1], answers[0], { codes: ["revoked_jwt"] }, undefined);
    },
  }),
  check({
    id: "RS-11.12.5-02",
    title: "asks for a person token after a revoked auth token",
    clause: "11.12.5/person",
    level: "should",
    needs: [...NEEDS, "a route for auth-token"],
    polarity: "refuse",
    async run(bench) {
      const answers = await revokedAnswer(bench, "auth-token");
      if ("verdict" in answers) return answers;
      const found = requirementOf(answers[1])?.value;
      return found === "person-token" ? passed : failed(`the requirement is ${String(found)}`);
    },
  }),
  check({
    id: "RS-11.12.5-03",
    title: "issues no resource token for a revoked auth token",
    clause: "11.12.5/not",
    needs: [...NEEDS, "a route for auth-token"],
    polarity: "refuse",
    async run(bench) {
      const answers = await revokedAnswer(bench, "auth-token");
      if ("verdict" in answers) return answers;
      return verdictOf(requirementOf(answers[1])?.value === "auth-token" && "it did");
    },
  }),
  check({
    id: "RS-11.12.4-02",
    title: "issues no resource token for a revoked person token",
    clause: "11.12.4/person",
    needs: [...NEEDS, "a route for auth-token"],
    polarity: "refuse",
    async run(bench) {
      const token = bench.world.personToken(bench.id);
      const before = await call(bench, "auth-token", token);
      if (requirementOf(before)?.value !== "auth-token")
        return inconclusive(`it was answered ${describe(before)} before`);
      const revoked = await revokeAs(bench, nameOf(token));
      if (revoked.status !== 200) return inconclusive(`the revocation was answered ${describe(revoked)}`);
      const after = await call(bench, "auth-token", token);
      return verdictOf(requirementOf(after)?.value === "auth-token" && "it did");
    },
  }),
  check({
    id: "RS-11.12.1-01",
    title: "ignores the revocation of another issuer's token",
    clause: "11.12.1/key",
    needs: [...NEEDS, "a route for person-token"],
    polarity: "accept",
    async run(bench) {
      const { world } = bench;
      const token = world.personToken(bench.id);
      await revokeAs(bench, nameOf(token), world.parties["ps-other"]);
      const answer = await call(bench, "person-token", token);
      return isServed(answer) ? passed : failed(`the token was answered ${describe(answer)}`);
    },
  }),
  ...revocationChecks<ResourceBench>("resource", "RS", ({ parties }) => parties.ps),
];
