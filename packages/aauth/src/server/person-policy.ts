/**
 * The decision of a person server on a request: by what the person has agreed to, and by its policy
 * (draft -11, sections 7.1 and 13.14).
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
  // hole T22a
  const consented =
    agreed !== undefined && allowed !== undefined && scopes.every((scope) => allowed.includes(scope));
  record.asked = { ...asked, consented };
  work.revocations = standing?.revocations ?? 0;
  // The person acts there before anything else is asked (section 7.2.3).
  if (work.first !== undefined && !work.first.isDone) return { type: "interaction" };
  const decision = await decide(record.asked);
  if (decision.type === "claims") throw new TypeError("a person server asks for no claims");
  if (decision.type !== "grant") return decision;
  if (person === undefined) throw new TypeError("an agent without a person has no grant");
  // No policy gives again what a person has taken back: they do.
  return standing?.isRevoked ? { type: "interaction" } : decision; // hole T23a
}
