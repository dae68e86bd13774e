/**
 * Decisions of a person server, by the person's consent and its policy (draft -11, sections 7.1 and
 * 13.14).
 *
 * @module
 */

import { isNamedBy, logDecision } from "./mission-requests.ts";
import { agreedAt } from "./person-records.ts";
import type { PersonContext, PersonRequest } from "./person-server-types.ts";
import type { Decide, Decision } from "./types.ts";

const asksUnlessConsented: Decide = ({ consented }): Decision => ({
  type: consented ? "grant" : "interaction",
});

export async function decideForPerson(
  { options, records, missions }: Pick<PersonContext, "options" | "records" | "missions">,
  record: PersonRequest,
): Promise<Decision> {
  const { work, asked } = record;
  const { decide = asksUnlessConsented } = options;
  const { person, agent, calledBy, resource, kind, scopes, account } = asked;
  const standing = person === undefined ? undefined : await records.standing(person, agent);
  const consents =
    person === undefined || resource === undefined
      ? []
      : (await records.consents(person, { agent, caller: calledBy?.agent }))
          .map((consent) => agreedAt(consent, resource, account))
          .filter((agreed) => agreed !== undefined);
  const mission = work.mission && (await missions.get(work.mission));
  const isInMission = mission !== undefined && isNamedBy(mission, asked);
  // hole T22a: consents.length > 0
  const isAgreed = consents.some(({ scopes: agreed }) => {
    const allowed = kind === "person-token" ? [] : agreed;
    return allowed !== undefined && scopes.every((scope) => allowed.includes(scope));
  });
  // A mission names resources and tools, not scopes.
  const consented = isAgreed || (isInMission && kind !== "auth-token"); // hole W9: isAgreed || isInMission
  const isNamed = isInMission || consents.length > 0; // hole S40b: true
  record.asked = {
    ...asked,
    consented,
    ...(calledBy && { calledBy: { ...calledBy, isNamed } }),
    ...(mission && { mission: { ...mission, isNamed: isInMission } }),
  };
  work.revocations = standing?.revocations ?? 0;
  // The person acts at the resource first (section 7.2.3).
  if (work.first !== undefined && !work.first.isDone) return { type: "interaction" };
  const decision = await decide(record.asked);
  if (decision.type === "claims") throw new TypeError("decide must not return claims at a person server");
  if (decision.type === "deny") {
    await logDecision({ missions }, record, { decision: "denied", by: "policy", detail: decision.detail });
  }
  if (decision.type !== "grant") return decision;
  // Only the person completes a mission (section 8.5), and decides while it is paused.
  if (kind === "mission-completion" || mission?.isPaused === true) return { type: "interaction" }; // hole W10
  if (person === undefined)
    throw new TypeError("decide must not grant a request of an agent without a person");
  // After a revocation by the person, only the person can grant access again, not a policy.
  if (standing?.isRevoked) return { type: "interaction" }; // hole T23a
  await logDecision({ missions }, record, { decision: "granted", by: "policy" });
  return decision;
}
