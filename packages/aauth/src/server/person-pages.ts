/**
 * What the pages of a person server's owner do with requests and tokens (draft -11, sections 7.2.3, 7.3, 7.5 and 13.14).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { admitsCallback } from "../draft-11/callback.ts";
import { failed, Problem, succeeded } from "./answers.ts";
import { unconfirmedOf } from "./issued-tokens.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { PersonRecords, TokenRecord } from "./person-records.ts";
import type { PersonPending as Pending, PersonServer, PersonWork as Work } from "./person-server-types.ts";
import type { Revocations } from "./revocations.ts";
import { keyOf } from "./stores.ts";
import { within } from "./token-parameters.ts";
import type { DownstreamResult, WaitingRequest } from "./types.ts";

/** How a resource's page ended, in the words of polling (section 7.3.1). */
const RETURN_ERRORS: Readonly<Record<string, readonly [status: number, error: string, detail: string]>> = {
  access_denied: [403, "denied", "the person refused at the resource"],
  user_abandoned: [403, "abandoned", "the person left the resource's page"],
  interaction_expired: [408, "expired", "the resource's page was not finished in time"],
};

const callbackKey = (callback: string) => keyOf("callback", callback);

export interface PersonPagesContext {
  readonly issuer: string;
  readonly interactionUrl: string;
  readonly discovery: Discovery;
  readonly records: PersonRecords;
  readonly pending: PendingRequests<Work>;
  readonly isRevoked: Revocations["isRevoked"];
  readonly revokeAll: (tokens: readonly TokenRecord[]) => Promise<readonly DownstreamResult[]>;
  /** Repeats revocations that have not been confirmed. */
  readonly resume: (tokens: readonly TokenRecord[]) => void;
}

export function createPersonPages(context: PersonPagesContext): Omit<PersonServer, "handle" | "metadata"> {
  const { issuer, interactionUrl, discovery, records, pending, isRevoked, revokeAll, resume } = context;

  /** Its person, or for an agent without a person yet the one who is here. */
  const isOther = ({ asked }: Pending, person: string) =>
    asked.person !== undefined && asked.person !== person;

  function viewOf(record: Pending): WaitingRequest {
    const { first } = record.work;
    const view = pending.view(record);
    if (first === undefined || first.isDone) return view;
    const callback = encodeURIComponent(`${interactionUrl}/returned/${first.callback}`);
    return { ...view, first: `${first.url}?code=${encodeURIComponent(first.code)}&callback=${callback}` };
  }

  async function viewed(request: WaitingRequest | undefined): Promise<WaitingRequest | undefined> {
    if (request === undefined) return undefined;
    let view: WaitingRequest | undefined;
    await pending.change(request.reference, async (record) => {
      if (record.work.first !== undefined)
        await pending.name(record, callbackKey(record.work.first.callback));
      view = viewOf(record);
      return "done" as const;
    });
    return view;
  }

  return {
    open: async (...visit) => viewed(await pending.open(...visit)),
    waiting: (person) => pending.list(person),
    find: async (reference) => viewed(await pending.get(reference)),

    engage: (reference) =>
      pending.change(reference, (record) => {
        record.status = "interacting";
        return "done";
      }),

    approve: (reference, { person, version, ...grant }) =>
      pending.change(reference, async (record) => {
        const { asked, work } = record;
        const { kind, agent, resource, account } = asked;
        if (isOther(record, person)) return "other_person"; // hole T11
        if (record.version !== version) return "changed"; // hole T20
        if (resource === undefined) {
          return kind === "question" ? "unable" : pending.end(record, succeeded({ status: "interacting" }));
        }
        if (work.first !== undefined && !work.first.isDone) return "resource_first"; // hole T21
        // An intermediary acts for every person it serves (section 10.1.1.1).
        if (asked.upstream === undefined && !(await records.bind(agent, person))) return "other_person"; // hole T19
        await records.readmit(person, agent);
        const scopes = kind === "auth-token" ? within(asked.scopes, grant.scopes) : undefined;
        await records.addConsent(person, agent, resource, { account, ...(scopes && { scopes }) });
        record.asked = { ...asked, person };
        work.revocations = (await records.standing(person, agent)).revocations;
        return pending.grant(record, grant);
      }),

    deny: (reference, { person }) =>
      pending.change(reference, (record) =>
        isOther(record, person)
          ? "other_person"
          : pending.end(record, failed(new Problem(403, "denied", "the person refused the request"))),
      ),

    abandon: (reference) =>
      pending.change(reference, (record) =>
        pending.end(record, failed(new Problem(403, "abandoned", "the person left without deciding"))),
      ),

    ask: (reference, clarification) =>
      pending.change(reference, (record) => pending.ask(record, clarification, "page")),

    answered: (reference, waitSeconds) => pending.answered(reference, waitSeconds),

    answer: (reference, { person, answer }) =>
      pending.change(reference, (record) => {
        if (isOther(record, person)) return "other_person";
        return record.asked.kind === "question" ? pending.end(record, succeeded({ answer })) : "unable";
      }),

    async returned(callback, error) {
      let view: WaitingRequest | undefined;
      await pending.changeBy(callbackKey(callback), async (record) => {
        const { first } = record.work;
        if (first === undefined || first.isDone) return "gone";
        if (error !== undefined) {
          const known = Object.hasOwn(RETURN_ERRORS, error) ? RETURN_ERRORS[error] : undefined;
          const outcome = known ?? [500, "server_error", "the resource's page could not be finished"];
          return pending.end(record, failed(new Problem(...outcome)));
        }
        first.isDone = true;
        record.state = "deciding";
        view = viewOf(record);
        return "done";
      });
      return view;
    },

    mayReturnTo: ({ iss: provider }, callback) =>
      admitsCallback(callback, { provider, personServer: issuer }, discovery),

    async grants(person) {
      const tokens = await records.tokensOf(person);
      resume(tokens);
      return Promise.all(
        tokens.map(async (token) => {
          const { type, iss, jti, exp, agent, resource, scopes, account } = token;
          return {
            ...{ type, iss, jti, exp, person, agent, resource, scopes },
            ...(account !== undefined && { account }),
            isRevoked: await isRevoked({ iss, jti }),
            unconfirmed: unconfirmedOf(token),
          };
        }),
      );
    },

    async revoke(person, token) {
      const record = await records.tokens.get(token);
      return record?.person === person ? revokeAll([record]) : undefined; // hole T24
    },

    async revokeAgent(person, agent) {
      const tokens = (await records.tokensFor(agent)).filter((token) => token.person === person);
      const isTheirs = (await records.binding(agent))?.person === person;
      if (!isTheirs && tokens.length === 0) return undefined;
      await records.withdraw(person, agent);
      return revokeAll(tokens);
    },
  };
}
