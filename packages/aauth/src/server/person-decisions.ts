/**
 * What becomes of a request to a person server: decided, and carried out here or by an access server (draft -11, sections 7.1, 7.2, 9.1 and 9.4).
 *
 * @module
 */

import { issueAuthToken, issuePersonToken } from "../draft-11/issue-tokens.ts";
import { scopesOf } from "../tokens/scopes.ts";
import type { SigningKey } from "../types.ts";
import { failed, type Outcome, Problem, succeeded } from "./answers.ts";
import {
  type AccessRequest,
  type AccessState,
  type AccessStep,
  deliveredOutcome,
  type Federation,
} from "./federation.ts";
import type { TokenName } from "./issued-tokens.ts";
import type { PendingHooks } from "./pending-types.ts";
import { agreedScopes, type PersonRecords, type TokenRecord } from "./person-records.ts";
import type {
  PersonPending as Pending,
  PersonServerOptions,
  PersonWork as Work,
} from "./person-server-types.ts";
import { within } from "./token-parameters.ts";
import type { AskedRequest, Clarification, Decide, Decision, PageResult } from "./types.ts";

export interface PersonDecisionsContext {
  readonly options: Pick<PersonServerOptions, "issuer" | "decide" | "claimsOf">;
  readonly key: () => SigningKey;
  readonly records: PersonRecords;
  readonly federation: Federation;
  readonly subjectOf: (person: string, resource: string) => Promise<string>;
  /** Puts a question of an access server to the agent. */
  readonly ask: (record: Pending, clarification: Clarification) => PageResult;
  readonly now: () => number;
}

const asksUnlessConsented: Decide = ({ consented }): Decision => ({
  type: consented ? "grant" : "interaction",
});

export function createPersonDecisions(
  context: PersonDecisionsContext,
): Pick<PendingHooks<Work>, "decide" | "finish" | "look" | "cancelled" | "forward"> {
  const { options, key, records, federation, subjectOf, ask, now } = context;
  const { issuer, decide = asksUnlessConsented, claimsOf } = options;

  return {
    decide: decideOn,
    finish,
    look: ({ work }) =>
      work.resolveAt !== undefined && now() >= work.resolveAt
        ? succeeded({ status: "interacting" })
        : undefined,
    async cancelled({ work }) {
      if (work.access !== undefined) await federation.cancel(work.access);
    },
    async forward(record, body) {
      const { access, pair } = record.work;
      const request = accessRequest(record);
      // An updated request may show another token.
      await records.markShown(pair!.presented, request.accessServer);
      return stepTo(record, await federation.answer(request, access!, body, claimsFor(record)));
    },
  };

  async function decideOn(record: Pending): Promise<Decision> {
    const { work, asked } = record;
    const { person, agent, resource, kind, scopes, account } = asked;
    const consent =
      person === undefined || resource === undefined
        ? undefined
        : await records.consent(person, agent, resource);
    const agreed = consent && agreedScopes(consent.scopes, account);
    // hole T22a
    const consented =
      consent !== undefined &&
      (kind === "person-token" || (agreed !== undefined && scopes.every((scope) => agreed.includes(scope))));
    record.asked = { ...asked, consented };
    const standing = person === undefined ? undefined : await records.standing(person, agent);
    work.revocations = standing?.revocations ?? 0;
    // The person acts there before anything else is asked (section 7.2.3).
    if (work.first !== undefined && !work.first.isDone) return { type: "interaction" };
    const decision = await decide(record.asked);
    if (decision.type === "claims") throw new TypeError("a person server asks for no claims");
    if (decision.type !== "grant") return decision;
    if (person === undefined) throw new TypeError("an agent without a person has no grant");
    // What a person has taken back no policy gives again: they do.
    return standing?.isRevoked ? { type: "interaction" } : decision; // hole T23a
  }

  async function finish(record: Pending): Promise<Outcome | undefined> {
    const { asked, work } = record;
    const outcome = await (asked.kind === "person-token" ? givePersonToken(record) : giveAuthToken(record));
    // A grant that the agent has left waiting, or that was carried out meanwhile.
    if (outcome?.status !== 200) return outcome;
    // hole T23c
    return (await records.standing(asked.person!, asked.agent)).revocations !== work.revocations
      ? failed(new Problem(403, "denied", "the person has taken the agent's access away"))
      : outcome;
  }

  async function givePersonToken({ asked, work, grant }: Pending): Promise<Outcome> {
    const { resource, person } = asked as AskedRequest & {
      readonly resource: string;
      readonly person: string;
    };
    const { token, claims } = await issuePersonToken({
      key: key(),
      issuer,
      audience: resource,
      subject: await subjectOf(person, resource),
      confirmationKey: work.confirmationKey,
      tenant: grant?.tenant,
      notAfter: work.notAfter,
      now,
    });
    await remember("person-token", claims, asked, work);
    return succeeded({ person_token: token, expires_in: claims.exp - claims.iat });
  }

  async function giveAuthToken(record: Pending): Promise<Outcome | undefined> {
    const { asked, work, grant } = record;
    const { resource, presented } = work.pair!;
    if (resource.aud !== issuer) return federate(record);
    const { scope, sub: subject, account, tenant, mission_s256: missionS256 } = resource;
    const { token, claims } = await issueAuthToken({
      key: key(),
      issuer,
      audience: resource.iss,
      subject,
      scope: scope === undefined ? undefined : within(asked.scopes, grant?.scopes).join(" "), // hole T22b
      account,
      tenant,
      missionS256,
      userClaims: grant?.claims,
      confirmationKey: work.confirmationKey,
      notAfter: work.notAfter,
      now,
    });
    await remember("auth-token", claims, asked, work, presented);
    return deliveredOutcome(token, claims.exp - claims.iat);
  }

  async function remember(
    type: TokenRecord["type"],
    claims: TokenName & {
      readonly exp: number;
      readonly aud: string;
      readonly sub: string;
      readonly scope?: string;
    },
    { agent, subagent, person, account }: AskedRequest,
    { agentTokens, upstream }: Work,
    presented?: TokenName,
  ): Promise<void> {
    const { iss, jti, exp, aud: resource, sub: subject } = claims;
    await records.add({
      ...{ type, iss, jti, exp, person: person!, agent, agentTokens, resource, subject },
      scopes: scopesOf(claims.scope),
      shownTo: [],
      ...(subagent !== undefined && { subagent }),
      ...(account !== undefined && { account }),
      ...(presented !== undefined && { presented: { iss: presented.iss, jti: presented.jti } }),
      ...(upstream !== undefined && { upstream }),
    });
  }

  async function federate(record: Pending): Promise<Outcome | undefined> {
    const { work } = record;
    const request = accessRequest(record);
    if (work.access === undefined) {
      await records.markShown(work.pair!.presented, request.accessServer);
      return stepTo(record, await federation.start(request, claimsFor(record)));
    }
    if (now() < work.access.notBefore) return undefined;
    return stepTo(record, await federation.poll(request, work.access, claimsFor(record)));
  }

  function accessRequest({ asked, work, grant }: Pending): AccessRequest {
    const { resourceToken, presentedToken, resource, presented } = work.pair!;
    const { agent, subagent, upstream } = work.tokens;
    return {
      accessServer: resource.aud,
      body: {
        resource_token: resourceToken,
        agent_token: agent,
        presented_token: presentedToken,
        ...(subagent !== undefined && { subagent_token: subagent }),
        ...(upstream !== undefined && { upstream_token: upstream }),
      },
      audience: resource.iss,
      subject: resource.sub,
      // The access server is asked for all of them: a token with what was not granted is not handed on.
      scope: within(asked.scopes, grant?.scopes).join(" "),
      thumbprint: work.thumbprint,
      notAfter: presented.exp,
    };
  }

  function claimsFor({ asked }: Pending) {
    return async (names: readonly string[]) => (await claimsOf?.(asked.person!, names, asked)) ?? {};
  }

  async function stepTo(record: Pending, step: AccessStep): Promise<Outcome | undefined> {
    const { work, asked } = record;
    const giveUp = async (problem: Problem, access: AccessState): Promise<Outcome> => {
      await federation.cancel(access);
      return failed(problem);
    };
    switch (step.type) {
      case "token":
        await remember("auth-token", step.claims, asked, work, work.pair!.presented);
        return deliveredOutcome(step.token, step.claims.exp - now());
      case "ended":
        return step.outcome;
      case "question":
        work.access = step.access;
        if (ask(record, step.clarification) === "done") return undefined;
        return giveUp(
          new Problem(403, "denied", "the access server asks what the agent does not answer"),
          step.access,
        );
      case "waiting":
        work.access = step.access;
        if (step.requirement.requirement === "interaction" && !asked.capabilities.includes("interaction")) {
          const why = "the access server wants the person at its page, and the agent cannot send them there";
          return giveUp(new Problem(403, "user_unreachable", why), step.access);
        }
        record.requirement = step.requirement;
        record.status = step.status;
        return undefined;
    }
  }
}
