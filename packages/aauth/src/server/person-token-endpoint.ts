/**
 * The person token endpoint of a person server (draft -11, sections 7.1 and 7.1.1).
 *
 * @module
 */

import { isServerIdentifier } from "../draft-11/identifiers.ts";
import { issuePersonToken } from "../draft-11/issue-tokens.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { Limit } from "../store/limit.ts";
import { ownerOf } from "../store/owner-of.ts";
import { readParties } from "./agent-parties.ts";
import { invalidRequest, Problem, succeeded } from "./answers.ts";
import { assertionsOfResource } from "./assertions.ts";
import { beginRequest } from "./mission-requests.ts";
import type { PersonContext, PersonRequest } from "./person-server-types.ts";
import type { Call } from "./server-frame.ts";

/** Maximum different resources that one agent, and all agents of one owner, may name in an hour. */
const MAX_RESOURCES = 50;
const MAX_RESOURCES_OF_OWNER = 2_000;
const MAX_ENTRIES = 20_000;
const RESOURCE_SECONDS = 3_600;

export const createNamedResources = (now: () => number): Limit =>
  new Limit({
    now,
    maxPerMember: MAX_RESOURCES,
    maxPerOwner: MAX_RESOURCES_OF_OWNER,
    maxEntries: MAX_ENTRIES,
  });

/** @throws Problem, AAuthVerificationError */
export async function personTokenRequest(context: PersonContext, call: Call): Promise<Answer> {
  const { resource } = call.members;
  if (typeof resource !== "string" || !isServerIdentifier(resource)) {
    throw invalidRequest("resource must be a server identifier");
  }
  const { asked, work, depends, mission } = await readParties(context, call);
  admitResource(context, call, resource);
  const fromResource = await assertionsOfResource(context.discovery, resource, []);
  const about = { kind: "person-token", resource, scopes: [], fromResource } as const;
  return beginRequest(context, call, { asked: { ...asked, ...about }, work, depends }, mission);
}

/** Counts a resource that an agent names. @throws Problem 429 `slow_down` */
export function admitResource({ named }: PersonContext, { owner }: Call, resource: string): void {
  if (named.admits(ownerOf(owner.split(" ", 1)[0]!), resource, RESOURCE_SECONDS, owner)) return;
  const why = "the agent requests tokens for too many different resources";
  throw new Problem(429, "slow_down", why, RESOURCE_SECONDS);
}

/** Issues the granted token. */
export async function givePersonToken(context: PersonContext, record: PersonRequest): Promise<Answer> {
  const { token, claims } = await issueFor(context, record, record.asked.resource!);
  return succeeded({ person_token: token, expires_in: claims.exp - claims.iat });
}

/** Issues a person token for a resource, and records it. */
export async function issueFor(
  { key, issuer, now, subjectOf, records }: PersonContext,
  { asked, grant, work }: Pick<PersonRequest, "asked" | "grant" | "work">,
  resource: string,
) {
  const { token, claims } = await issuePersonToken({
    key: key(),
    issuer,
    audience: resource,
    subject: await subjectOf(asked.person!, resource),
    confirmationKey: work.confirmationKey,
    notAfter: work.notAfter,
    now,
    tenant: grant?.tenant,
    missionS256: work.mission?.s256,
  });
  await records.keep("person-token", claims, { asked, work });
  return { token, claims };
}
