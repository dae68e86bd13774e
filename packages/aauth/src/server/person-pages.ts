/**
 * Functions for the pages of a person server: requests and tokens (draft -11, sections 7.2.3, 7.3,
 * 7.5 and 13.14).
 *
 * @module
 */

import { failed, Problem, succeeded } from "./answers.ts";
import type { Deliveries } from "./deliveries.ts";
import { unconfirmedOf } from "./issued-tokens.ts";
import { logDecision } from "./mission-requests.ts";
import type { MissionName } from "./missions.ts";
import { isSameAgent, type TokenRecord } from "./person-records.ts";
import type { PersonContext, PersonRequest, PersonServer } from "./person-server-types.ts";
import { commonPages } from "./server-context.ts";
import { keyOf } from "./stores.ts";
import { grantedScopes } from "./token-pair.ts";
import type { DownstreamResult, Grant, PageResult, WaitingRequest } from "./types.ts";

/** Polling errors for the errors of a resource's page (section 7.3.1). */
const RETURN_ERRORS: Readonly<Record<string, readonly [status: number, error: string, detail: string]>> = {
  access_denied: [403, "denied", "the person refused at the resource"],
  user_abandoned: [403, "abandoned", "the person left the resource's page"],
  interaction_expired: [408, "expired", "the interaction at the resource was not completed in time"],
};

const callbackKey = (callback: string) => keyOf("callback", callback);

/** True if the request is for another person than the one present. */
const isOther = ({ asked }: PersonRequest, person: string) =>
  asked.person !== undefined && asked.person !== person;

/** A request for the page, with the resource's own page that the person visits first. */
function viewOf({ pending, interactionUrl }: PersonContext, record: PersonRequest): WaitingRequest {
  const { first } = record.work;
  const view = pending.view(record);
  if (first === undefined || first.isDone) return view;
  const callback = encodeURIComponent(`${interactionUrl}/returned/${first.callback}`);
  return { ...view, first: `${first.url}?code=${encodeURIComponent(first.code)}&callback=${callback}` };
}

/** Like `viewOf`, for a displayed request, which can then be found by its callback. */
async function viewed(
  context: PersonContext,
  request: WaitingRequest | undefined,
): Promise<WaitingRequest | undefined> {
  if (request === undefined) return undefined;
  const { pending } = context;
  let view: WaitingRequest | undefined;
  await pending.change(request.reference, async (record) => {
    const { first } = record.work;
    const name = first && callbackKey(first.callback);
    if (name !== undefined && !record.names.includes(name)) await pending.name(record, name);
    view = viewOf(context, record);
    return "done" as const;
  });
  return view;
}

/** Handles the person's return from the resource's own page. */
async function returned(
  context: PersonContext,
  callback: string,
  error: string | undefined,
): Promise<WaitingRequest | undefined> {
  const { pending } = context;
  let view: WaitingRequest | undefined;
  await pending.changeBy(callbackKey(callback), async (record) => {
    const { first } = record.work;
    if (first === undefined || first.isDone) return "gone";
    if (error !== undefined) {
      const known = Object.hasOwn(RETURN_ERRORS, error) ? RETURN_ERRORS[error] : undefined;
      const outcome = known ?? [500, "server_error", "the interaction at the resource failed"];
      return pending.finish(record, failed(new Problem(...outcome)));
    }
    first.isDone = true;
    record.state = "deciding";
    view = viewOf(context, record);
    return "done";
  });
  return view;
}

/** Grants a request that the person has seen. */
async function approve(
  context: PersonContext,
  record: PersonRequest,
  { person, version, chain = [], ...grant }: Parameters<PersonServer["approve"]>[1],
): Promise<PageResult> {
  const { pending, records, now } = context;
  const { asked, work } = record;
  const { kind, agent, resource } = asked;
  if (isOther(record, person)) return "other_person"; // hole T11
  if (record.version !== version) return "changed"; // hole T20
  if (kind === "question") return "unable";
  if (asked.page !== undefined) return pending.finish(record, succeeded({ status: "interacting" }));
  if (work.first !== undefined && !work.first.isDone) return "resource_first"; // hole T21
  // An intermediary acts for all persons it serves, so it is not bound to one (section 10.1.1.1).
  if (asked.upstream === undefined && !(await records.bind(agent, person))) return "other_person"; // hole T19
  const { revocations } =
    resource === undefined
      ? await records.readmit(person, agent)
      : await agree(context, record, resource, { person, chain, scopes: grant.scopes });
  record.asked = { ...asked, person };
  work.revocations = revocations;
  work.approvedAt = now();
  await logDecision(context, record, { decision: "granted", by: "person" });
  return pending.grant(record, grant);
}

/** Records the consent to a request about a resource. */
async function agree(
  { records }: PersonContext,
  { asked }: PersonRequest,
  resource: string,
  {
    person,
    chain,
    scopes: granted,
  }: { readonly person: string; readonly chain: readonly string[]; readonly scopes?: Grant["scopes"] },
) {
  const { kind, agent, calledBy, account } = asked;
  const scopes = kind === "auth-token" ? grantedScopes(asked.scopes, granted) : undefined;
  const caller = calledBy?.agent;
  const standing = await records.agree(person, { agent, caller }, { resource, account, scopes });
  for (const next of chain) {
    await records.agreeToChain(person, { agent: { iss: resource }, caller: agent }, { resource: next });
  }
  return standing;
}

/** Refuses a request, even one that the person has allowed in another tab. */
async function deny(context: PersonContext, record: PersonRequest, person: string) {
  const { pending, records } = context;
  if (isOther(record, person)) return "other_person";
  const { state, asked } = record;
  if (state === "granted" && asked.resource !== undefined)
    await records.disagree(person, { agent: asked.agent, caller: asked.calledBy?.agent }, asked.resource); // hole T49a
  await logDecision(context, record, { decision: "denied", by: "person" });
  return pending.deny(record, "the person refused the request");
}

type TokenPages = Pick<PersonServer, "issuedTokens" | "revoke" | "revokeAgent">;
type MissionPages = Pick<PersonServer, "missions" | "mission" | "missionLog" | "pauseMission" | "endMission">;

/** Functions with which pages decide on requests. */
export function requestPages(
  context: PersonContext,
): Omit<PersonServer, "handle" | "metadata" | keyof TokenPages | keyof MissionPages> {
  const { pending } = context;
  const common = commonPages(context);
  return {
    ...common,
    async open(...interaction) {
      const opened = await common.open(...interaction);
      return typeof opened === "string" ? opened : ((await viewed(context, opened)) ?? "invalid_code");
    },
    find: async (reference) => viewed(context, await common.find(reference)),
    returned: (callback, error) => returned(context, callback, error),
    engage: (reference) =>
      pending.change(reference, (record) => {
        record.status = "interacting";
        return "done";
      }),
    approve: (reference, decision) =>
      pending.change(reference, (record) => approve(context, record, decision)),
    deny: (reference, { person }) => pending.change(reference, (record) => deny(context, record, person)),
    answer: (reference, { person, answer }) =>
      pending.change(reference, async (record) => {
        if (isOther(record, person)) return "other_person";
        if (record.asked.kind !== "question") return "unable";
        await logDecision(context, record, { decision: "granted", by: "person", detail: answer });
        return pending.finish(record, succeeded({ answer }));
      }),
  };
}

/** Functions with which pages show and revoke tokens. */
export function tokenPages(
  { records, isRevoked, missions }: PersonContext,
  deliveries: Deliveries<TokenRecord>,
): TokenPages {
  return {
    async issuedTokens(person) {
      const tokens = await records.tokensOf(person);
      deliveries.resume(tokens);
      return Promise.all(
        tokens.map(async (token) => {
          const { type, iss, jti, exp, agent, resource, scopes, account } = token;
          return {
            type,
            iss,
            jti,
            exp,
            person,
            agent,
            resource,
            scopes,
            account,
            isRevoked: await isRevoked({ iss, jti }),
            unconfirmed: unconfirmedOf(token),
          };
        }),
      );
    },

    async revoke(person, token) {
      const record = await records.tokens.get(token);
      // hole T24: record === undefined ? undefined : deliveries.revoke([record])
      return record?.person === person ? deliveries.revoke([record]) : undefined;
    },

    async revokeAgent(person, agent) {
      const tokens = (await records.tokensFor(agent)).filter((token) => token.person === person);
      const isTheirs = (await records.personOf(agent)) === person;
      if (!isTheirs && tokens.length === 0) return undefined;
      await records.withdraw(person, agent);
      const owned = (await missions.of(person)).filter((mission) => isSameAgent(mission.agent, agent));
      for (const mission of owned) await missions.end(mission, "revoked"); // hole W12
      return deliveries.revoke(tokens);
    },
  };
}

/** Ends a mission, and revokes its tokens. */
export async function endMission(
  { missions, records }: Pick<PersonContext, "missions" | "records">,
  deliveries: Deliveries<TokenRecord>,
  mission: MissionName,
  reason: string,
): Promise<readonly DownstreamResult[]> {
  await missions.end(mission, reason);
  return deliveries.revoke(await records.tokensOfMission(mission)); // hole W13: []
}

const MAX_ENTRIES = 500;

/** Functions with which pages show and end missions. */
export function missionPages(context: PersonContext, deliveries: Deliveries<TokenRecord>): MissionPages {
  const { missions, records } = context;
  return {
    missions: (person) => missions.of(person),
    mission: (person, s256) => missions.ofPerson(person, s256),

    async missionLog(person, s256, { from = 0, limit = 100 } = {}) {
      const mission = await missions.ofPerson(person, s256);
      return mission === undefined ? [] : missions.entries(mission, from, Math.min(limit, MAX_ENTRIES));
    },

    async pauseMission(person, s256, isPaused) {
      const mission = await missions.ofPerson(person, s256);
      if (mission === undefined || mission.termination !== undefined) return undefined;
      await missions.pause(mission, isPaused);
      return isPaused ? deliveries.revoke(await records.tokensOfMission(mission)) : [];
    },

    async endMission(person, s256, reason = "revoked") {
      const mission = await missions.ofPerson(person, s256);
      return mission && endMission(context, deliveries, mission, reason);
    },
  };
}
