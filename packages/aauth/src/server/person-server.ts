/**
 * A person server (draft -11, sections 7, 9.1, 10 and 11.12).
 *
 * @module
 */

import { personServerMetadata } from "../draft-11/documents.ts";
import {
  checkOptions,
  type OptionChecks,
  requireBoolean,
  requireFunction,
  unchecked,
} from "../keys/option-checks.ts";
import type { Answer } from "../types.ts";
import { failed, Problem, succeeded } from "./answers.ts";
import { authTokenRequest, giveAuthToken, updatedRequest } from "./auth-token-endpoint.ts";
import { Deliveries } from "./deliveries.ts";
import { createDirectedSubjects } from "./directed-subject.ts";
import { Federation } from "./federation.ts";
import { auditRequest, permissionAnswer, permissionRequest } from "./governance-endpoints.ts";
import { interactionRequest, relayEnded } from "./interaction-endpoint.ts";
import type { Recipient } from "./issued-tokens.ts";
import { changeMission, giveMission, giveUpdate, proposeMission } from "./mission-endpoint.ts";
import { missionEnded } from "./mission-requests.ts";
import { Missions } from "./missions.ts";
import { endMission, missionPages, requestPages, tokenPages } from "./person-pages.ts";
import { decideForPerson } from "./person-policy.ts";
import { PersonRecords, type TokenRecord } from "./person-records.ts";
import type {
  PersonContext,
  PersonRequest,
  PersonServer,
  PersonServerOptions,
  PersonWork,
} from "./person-server-types.ts";
import { createNamedResources, givePersonToken, personTokenRequest } from "./person-token-endpoint.ts";
import { RevocationEndpoint } from "./revocation-endpoint.ts";
import { AGENT_CALLER } from "./server-frame.ts";
import { partsOf, requirePolicy, SERVER_CHECKS } from "./server-parts.ts";
import { ServerRequests } from "./server-requests.ts";
import type { DownstreamResult } from "./types.ts";

const PATHS = {
  person: "/aauth/person",
  token: "/aauth/token",
  interaction: "/aauth/interaction",
  mission: "/aauth/mission",
  permission: "/aauth/permission",
  audit: "/aauth/audit",
  revocation: "/aauth/revoke",
  pending: "/aauth/pending/",
} as const;

/** Maximum for one owner of agents (`ownerOf`). */
const MAX_PENDING = 1_000;
/** Maximum for one agent, and for one person that an intermediary serves. */
const MAX_PENDING_OF_ONE = 100;

/**
 * Creates a person server, which verifies requests, decides on them, waits for decisions, and
 * issues tokens. All input and output uses `discovery`, `transport` and `stores`; `handle` works
 * behind any HTTP server.
 *
 * The policy is `decide`. The server records the person of each agent, the consents, and the issued
 * tokens. It uses a different identifier of a person for each resource. No token has more scope, or
 * lives longer, than the tokens from which it derives.
 *
 * Does NOT authenticate persons or render pages: applications do, with the functions for pages.
 * Does NOT enforce the tools of a mission, which only the agent can. Does NOT compare scopes with
 * `scopes_supported`. Does NOT make payments.
 *
 * @throws TypeError for an invalid or unknown option, such as a secret that is too short
 * @throws RangeError for invalid seconds
 *
 * @example
 * const issuer = "https://ps.example";
 * const server = createPersonServer({ issuer, key, discovery, subjectSecret });
 * const answer = await server.handle({ method, target, headers, body });
 */
export function createPersonServer(options: PersonServerOptions): PersonServer {
  checkOptions(options, OPTION_CHECKS);
  const { frame, open, ...parts } = partsOf(options, "person");
  const { issuer, now } = parts;
  const metadata = personServerMetadata({
    ...options.metadata,
    issuer,
    person_token_endpoint: `${issuer}${PATHS.person}`,
    auth_token_endpoint: `${issuer}${PATHS.token}`,
    interaction_endpoint: `${issuer}${PATHS.interaction}`,
    ...(options.missions && {
      mission_endpoint: `${issuer}${PATHS.mission}`,
      permission_endpoint: `${issuer}${PATHS.permission}`,
      audit_endpoint: `${issuer}${PATHS.audit}`,
    }),
    revocation_endpoint: `${issuer}${PATHS.revocation}`,
  });
  const records = new PersonRecords(open("people"), open("tokens"), now);
  const missions = new Missions(open("missions"), open("logs"), now);
  const deliveries = new Deliveries(parts, records.tokens, (token) => recipientsOf(token, issuer));
  const revocations = new RevocationEndpoint({
    ...parts,
    path: PATHS.revocation,
    store: open("revocations"),
    tokens: records.tokens,
    async cascade(caller, jti) {
      const agent = await records.agentOf({ iss: caller, jti });
      if (agent === undefined || (await records.tokensFor(agent)).length === 0) return undefined;
      return async () => cascadeOutcome(await deliveries.revoke(await records.tokensFor(agent)));
    },
  });
  const { isRevoked } = revocations;
  const pending = new ServerRequests<PersonWork>({
    ...parts,
    path: PATHS.pending,
    store: open("pending"),
    maxPendingPerOwner: MAX_PENDING,
    maxPendingPerMember: MAX_PENDING_OF_ONE,
    hooks: {
      decide: (record) => decideForPerson(context, record),
      finish: (record) => carryOut(context, { federation, deliveries }, record),
      ended: (record) => missionEnded(context, record),
      denied: ({ asked }, detail) =>
        asked.kind === "permission" ? permissionAnswer("denied", detail) : undefined,
      async clarified({ work: { mission, logged } }, question, answer) {
        if (mission === undefined || logged === undefined) return;
        await missions.log(mission, { type: "clarified", of: logged, question, answer });
      },
      look: (record) => relayEnded(record, now()),
      cancelled: (record) => federation.cancel(record),
      forward: (record, body) => federation.forward(record, body),
      isRevoked,
      memberOf: ({ holder, asked: { upstream, person = "" } }) =>
        upstream === undefined ? holder : `${holder} ${person}`,
    },
  });
  const subjectOf = createDirectedSubjects(options.subjectSecret);
  const named = createNamedResources(now);
  const context: PersonContext = {
    ...parts,
    options,
    records,
    missions,
    pending,
    isRevoked,
    subjectOf,
    named,
  };
  const federation = new Federation(context);

  const agents = { role: "token", level: AGENT_CALLER, from: options.agentProviders } as const;
  const handle = frame(metadata, isRevoked, {
    [PATHS.person]: { ...agents, methods: { POST: (call) => personTokenRequest(context, call) } },
    [PATHS.token]: { ...agents, methods: { POST: (call) => authTokenRequest(context, call) } },
    [PATHS.interaction]: { ...agents, methods: { POST: (call) => interactionRequest(context, call) } },
    ...(options.missions && {
      [PATHS.permission]: { ...agents, methods: { POST: (call) => permissionRequest(context, call) } },
      [PATHS.audit]: { ...agents, methods: { POST: (call) => auditRequest(context, call) } },
      [PATHS.mission]: { ...agents, methods: { POST: (call) => proposeMission(context, call) } },
      [`${PATHS.mission}/`]: {
        ...agents,
        methods: { POST: (call, s256) => changeMission(context, call, s256) },
      },
    }),
    [PATHS.pending]: {
      ...agents,
      role: "pending",
      methods: pending.methods((...request) => updatedRequest(context, ...request)),
    },
    ...revocations.routes,
  });
  return {
    handle,
    metadata,
    ...requestPages(context),
    ...tokenPages(context, deliveries),
    ...missionPages(context, deliveries),
  };
}

const OPTION_CHECKS: OptionChecks<PersonServerOptions> = {
  ...SERVER_CHECKS,
  subjectSecret: unchecked,
  decide: requireFunction,
  personOf: requireFunction,
  claimsOf: requireFunction,
  accessServers: (name, policy = []) => requirePolicy(name, policy),
  agentProviders: (name, policy = []) => requirePolicy(name, policy),
  missions: requireBoolean,
  canReach: requireFunction,
};

/**
 * Parties that accept a token. An access server revokes its own tokens when it receives the
 * revocation of the presented person token.
 */
function recipientsOf({ iss, resource, shownTo }: TokenRecord, issuer: string): readonly Recipient[] {
  if (iss !== issuer) return [];
  const accessServers = shownTo.map((recipient) => ({ kind: "access", recipient }) as const);
  return [{ kind: "resource", recipient: resource }, ...accessServers];
}

/**
 * The outcome of a cascade for the issuer of the revoked token: whether all parties have confirmed
 * (section 11.12.3). It does not reveal which parties the agent used.
 */
function cascadeOutcome(results: readonly DownstreamResult[]): Answer {
  if (!results.some(({ error }) => error === "revocation_unavailable")) return succeeded(undefined);
  const why = "the revocation is recorded, and will be retried at a party that has not confirmed it";
  return failed(new Problem(500, "server_error", why));
}

interface CarryingParts {
  readonly federation: Federation;
  readonly deliveries: Deliveries<TokenRecord>;
}

async function give(
  context: PersonContext,
  { federation, deliveries }: CarryingParts,
  record: PersonRequest,
): Promise<Answer | undefined> {
  const { asked, work } = record;
  switch (asked.kind) {
    case "person-token":
      return givePersonToken(context, record);
    case "mission":
      return giveMission(context, record);
    case "mission-update":
      return giveUpdate(context, record);
    case "mission-completion":
      await endMission(context, deliveries, work.mission!, "completed");
      return succeeded(undefined);
    case "permission":
      return permissionAnswer("granted");
    default:
      return asked.accessServer === undefined ? giveAuthToken(context, record) : federation.give(record);
  }
}

/** Executes a grant, here or at the resource's access server. */
async function carryOut(
  context: PersonContext,
  parts: CarryingParts,
  record: PersonRequest,
): Promise<Answer | undefined> {
  const { asked, work } = record;
  const outcome = await give(context, parts, record);
  // Detects a revocation between decision and execution.
  if (outcome?.status !== 200) return outcome;
  // hole T23c: outcome
  return (await context.records.standing(asked.person!, asked.agent)).revocations !== work.revocations
    ? failed(new Problem(403, "denied", "the person has revoked the agent's access"))
    : outcome;
}
