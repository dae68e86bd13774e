/**
 * Decisions of a person server, by the person's consent and its policy (draft -11, sections 7.1 and
 * 13.14).
 *
 * @module
 */

import { agreedAt } from "./person-records.ts";
import type { PersonPending as Pending, PersonContext } from "./person-server-types.ts";
import type { Decide, Decision } from "./types.ts";

const asksUnlessConsented: Decide = ({ consented }): Decision => ({
  type: consented ? "grant" : "interaction",
});

export async function decideForPerson(
  { options, records }: Pick<PersonContext, "options" | "records">,
  record: Pending,
): Promise<Decision> {
  const { work, asked } = record;
  const { decide = asksUnlessConsented } = options;
  const { person, agent, resource, kind, scopes, account } = asked;
  const standing = person === undefined ? undefined : await records.standing(person, agent);
  const agreed = standing && resource !== undefined ? agreedAt(standing, resource, account) : undefined;
  const allowed = kind === "person-token" ? [] : agreed?.scopes;
  // hole T22a: agreed !== undefined
  const consented =
    agreed !== undefined && allowed !== undefined && scopes.every((scope) => allowed.includes(scope));
  record.asked = { ...asked, consented };
  work.revocations = standing?.revocations ?? 0;
  // The person acts at the resource first (section 7.2.3).
  if (work.first !== undefined && !work.first.isDone) return { type: "interaction" };
  const decision = await decide(record.asked);
  if (decision.type === "claims") throw new TypeError("decide must not return claims at a person server");
  if (decision.type !== "grant") return decision;
  if (person === undefined)
    throw new TypeError("decide must not grant a request of an agent without a person");
  // After a revocation by the person, only the person can grant access again, not a policy.
  return standing?.isRevoked ? { type: "interaction" } : decision; // hole T23a: decision
}
