/**
 * A person server (draft -11, sections 7, 9.1, 10 and 11.12).
 *
 * @module
 */

import { personServerMetadata } from "../draft-11/documents.ts";
import { ownerOf } from "../store/owner-of.ts";
import { failed, type Outcome, Problem, succeeded } from "./answers.ts";
import { authTokenRequest, giveAuthToken, updatedRequest } from "./auth-token-endpoint.ts";
import { Deliveries } from "./deliveries.ts";
import { createDirectedSubjects } from "./directed-subject.ts";
import { Federation } from "./federation.ts";
import { interactionRequest, relayEnded } from "./interaction-endpoint.ts";
import type { Recipient } from "./issued-tokens.ts";
import { pendingMethods, type UpdatedRequest } from "./pending-endpoint.ts";
import { PendingRequests } from "./pending-requests.ts";
import { requestPages, tokenPages } from "./person-pages.ts";
import { decideForPerson } from "./person-policy.ts";
import { PersonRecords, type TokenRecord } from "./person-records.ts";
import type {
  PersonPending as Pending,
  PersonContext,
  PersonServer,
  PersonServerOptions,
  PersonWork,
} from "./person-server-types.ts";
import { createNamedResources, givePersonToken, personTokenRequest } from "./person-token-endpoint.ts";
import { RevocationEndpoint } from "./revocation-endpoint.ts";
import { AGENT_CALLER } from "./server-frame.ts";
import { partsOf } from "./server-parts.ts";
import type { DownstreamResult } from "./types.ts";

const PATHS = {
  person: "/aauth/person",
  token: "/aauth/token",
  interaction: "/aauth/interaction",
  revocation: "/aauth/revoke",
  pending: "/aauth/pending/",
} as const;

/** For one owner of agents (`ownerOf`). */
const MAX_PENDING = 1_000;
/** For one agent of them; for one person that an intermediary serves. */
const MAX_PENDING_OF_ONE = 100;

/**
 * Creates a person server: requests are verified, decided on, waited for, and answered with tokens.
 * It does no input or output but through `discovery`, `transport` and `store`; `handle` fits behind
 * any HTTP server.
 *
 * Its policy is `decide`. It keeps which person an agent belongs to, what they have agreed to,
 * which tokens are out; it names each person to each resource by another name; and no token says
 * more, or lives longer, than what it follows from.
 *
 * Does NOT authenticate persons or draw pages: that is the owner's, with the functions for pages.
 * Does NOT serve missions, permissions and audit: `mission_s256` is refused. Does NOT check that
 * scopes are among `scopes_supported`. Does NOT pay.
 *
 * @throws TypeError for an issuer that is no server identifier, a secret that is too short,
 * metadata of the wrong shape
 *
 * @example
 * const issuer = "https://ps.example";
 * const server = createPersonServer({ issuer, key, discovery, subjectSecret });
 * const answer = await server.handle({ method, target, headers, body });
 */
export function createPersonServer(options: PersonServerOptions): PersonServer {
  const { frame, open, ...parts } = partsOf(options, "person");
  const { issuer, now, pollSeconds, interactionUrl } = parts;
  const metadata = personServerMetadata({
    ...options.metadata,
    issuer,
    person_token_endpoint: `${issuer}${PATHS.person}`,
    auth_token_endpoint: `${issuer}${PATHS.token}`,
    interaction_endpoint: `${issuer}${PATHS.interaction}`,
    revocation_endpoint: `${issuer}${PATHS.revocation}`,
  });
  const records = new PersonRecords(open("people"), open("tokens"), now);
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
  const pending = new PendingRequests<PersonWork>({
    ...{ issuer, now, pollSeconds, interactionUrl, path: PATHS.pending, store: open("pending") },
    ...{ maxPendingPerOwner: MAX_PENDING, maxPendingPerMember: MAX_PENDING_OF_ONE },
    hooks: {
      decide: (record) => decideForPerson(context, record),
      finish: (record) => carryOut(context, federation, record),
      look: (record) => relayEnded(record, now()),
      cancelled: (record) => federation.cancel(record),
      forward: (record, body) => federation.forward(record, body),
      isRevoked,
      accountOf: (holder) => ownerOf(holder.split(" ", 1)[0]!),
      memberOf: ({ holder, asked: { upstream, person = "" } }) =>
        upstream === undefined ? holder : `${holder} ${person}`,
    },
  });
  const subjectOf = createDirectedSubjects(options.subjectSecret);
  const named = createNamedResources(now);
  const context: PersonContext = { ...parts, options, records, pending, isRevoked, subjectOf, named };
  const federation = new Federation(context);

  const agents = { role: "token", level: AGENT_CALLER, from: options.agentProviders } as const;
  const update: UpdatedRequest = (...request) => updatedRequest(context, ...request);
  const handle = frame(metadata, isRevoked, {
    [PATHS.person]: { ...agents, methods: { POST: (call) => personTokenRequest(context, call) } },
    [PATHS.token]: { ...agents, methods: { POST: (call) => authTokenRequest(context, call) } },
    [PATHS.interaction]: { ...agents, methods: { POST: (call) => interactionRequest(context, call) } },
    [PATHS.pending]: { ...agents, role: "pending", methods: pendingMethods(pending, update) },
    ...revocations.routes,
  });
  return { handle, metadata, ...requestPages(context), ...tokenPages(context, deliveries) };
}

/**
 * Parties that accept a token. An access server takes its own tokens back, with the person token
 * that it was shown.
 */
function recipientsOf({ iss, resource, shownTo }: TokenRecord, issuer: string): readonly Recipient[] {
  if (iss !== issuer) return [];
  const accessServers = shownTo.map((recipient) => ({ kind: "access", recipient }) as const);
  return [{ kind: "resource", recipient: resource }, ...accessServers];
}

/**
 * The outcome of a cascade for the issuer of the token that it began with, which does not learn at
 * which parties its agent has been: that it has reached them all, or not yet (section 11.12.3).
 */
function cascadeOutcome(results: readonly DownstreamResult[]): Outcome {
  if (!results.some(({ error }) => error === "revocation_unavailable")) return succeeded(undefined);
  const why = "it is recorded, and sent again to a party that has not confirmed it";
  return failed(new Problem(500, "server_error", why));
}

/** Carries out what has been granted: here, or at the resource's access server. */
async function carryOut(
  context: PersonContext,
  federation: Federation,
  record: Pending,
): Promise<Outcome | undefined> {
  const { asked, work } = record;
  const outcome = await (asked.kind === "person-token"
    ? givePersonToken(context, record)
    : asked.accessServer === undefined
      ? giveAuthToken(context, record)
      : federation.give(record));
  // A grant that the agent has left waiting, or that was carried out meanwhile.
  if (outcome?.status !== 200) return outcome;
  // hole T23c
  return (await context.records.standing(asked.person!, asked.agent)).revocations !== work.revocations
    ? failed(new Problem(403, "denied", "the person has taken the agent's access away"))
    : outcome;
}
