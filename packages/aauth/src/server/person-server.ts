/**
 * A person server (draft -11, sections 7, 9.1, 10 and 11.12).
 *
 * @module
 */

import { personServerMetadata } from "../draft-11/documents.ts";
import { ownerOf } from "../store/owner-of.ts";
import { Deliveries } from "./deliveries.ts";
import { createDirectedSubjects } from "./directed-subject.ts";
import { Federation } from "./federation.ts";
import { PendingRequests } from "./pending-requests.ts";
import { createPersonDecisions } from "./person-decisions.ts";
import { createPersonPages } from "./person-pages.ts";
import { PersonRecords } from "./person-records.ts";
import { createPersonRequests } from "./person-requests.ts";
import { createTokenRevoker } from "./person-revocation.ts";
import type { PersonServer, PersonServerOptions, PersonWork } from "./person-server-types.ts";
import { cascadeOutcome, createRevocationSender, Revocations } from "./revocations.ts";
import { AGENT_CALLER, createFrame } from "./server-frame.ts";
import { partsOf, pendingMethods, revocationRoutes } from "./server-parts.ts";

const PATHS = {
  person: "/aauth/person",
  token: "/aauth/token",
  interaction: "/aauth/interaction",
  revocation: "/aauth/revoke",
  pending: "/aauth/pending/",
  cascade: "/aauth/revoke/",
} as const;

/** For one owner of agents (`ownerOf`). */
const MAX_PENDING = 1_000;
/** For one agent of them; for one person that an intermediary serves. */
const MAX_PENDING_OF_ONE = 100;

/**
 * Creates a person server: requests are verified, decided on, waited for, and answered with tokens. It does no input or output but through `discovery`,
 * `transport` and `store`; `handle` fits behind any HTTP server.
 *
 * Its policy is `decide`. It keeps which person an agent belongs to, what they have agreed to, which tokens are out; it names each person to each resource
 * by another name; and no token says more, or lives longer, than what it follows from.
 *
 * Does NOT authenticate persons or draw pages: that is the owner's, with the functions for pages. Does NOT serve missions, permissions and audit:
 * `mission_s256` is refused. Does NOT check that scopes are among `scopes_supported`. Does NOT pay.
 *
 * @throws TypeError for an issuer that is no server identifier, a secret that is too short, metadata of the wrong shape
 *
 * @example
 * const server = createPersonServer({ issuer: "https://ps.example", key, discovery, subjectSecret });
 * const answer = await server.handle({ method, target, headers, body });
 */
export function createPersonServer(options: PersonServerOptions): PersonServer {
  const parts = partsOf(options, "person");
  const { issuer, now, log, open, key, discovery, call, interactionUrl, pendingSeconds, pollSeconds } = parts;
  const subjectOf = createDirectedSubjects(options.subjectSecret);
  const metadata = personServerMetadata({
    ...options.metadata,
    issuer,
    person_token_endpoint: `${issuer}${PATHS.person}`,
    auth_token_endpoint: `${issuer}${PATHS.token}`,
    interaction_endpoint: `${issuer}${PATHS.interaction}`,
    revocation_endpoint: `${issuer}${PATHS.revocation}`,
  });

  const records = new PersonRecords(open("people"), open("tokens"), now);
  const federation = new Federation({ issuer, discovery, call, now, log });
  const deliveries = new Deliveries(records.tokens, {
    send: createRevocationSender({ discovery, call }),
    now,
    log,
  });
  const revokeAll = createTokenRevoker(issuer, records, deliveries);
  const revocations = new Revocations({
    store: open("revocations"),
    now,
    issuer,
    path: PATHS.cascade,
    pollSeconds,
    isOwnRevoked: (token) => records.tokens.isRevoked(token),
    async cascade(caller, jti) {
      const agent = await records.agentOf({ iss: caller, jti });
      if (agent === undefined || (await records.tokensFor(agent)).length === 0) return undefined;
      return async () => cascadeOutcome(await revokeAll(await records.tokensFor(agent)));
    },
  });
  const { isRevoked } = revocations;
  const decisions = createPersonDecisions({
    ...{ options, key, records, federation, subjectOf, now },
    ask: (record, clarification) => pending.ask(record, clarification, "access"),
  });
  const pending: PendingRequests<PersonWork> = new PendingRequests<PersonWork>({
    store: open("pending"),
    now,
    issuer,
    path: PATHS.pending,
    interactionUrl,
    pollSeconds,
    maxPendingPerOwner: MAX_PENDING,
    maxPendingPerMember: MAX_PENDING_OF_ONE,
    hooks: {
      ...decisions,
      isRevoked,
      accountOf: (holder) => ownerOf(holder.split(" ", 1)[0]!),
      memberOf: ({ holder, asked: { upstream, person = "" } }) =>
        upstream === undefined ? holder : `${holder} ${person}`,
    },
  });
  const { personTokenRequest, authTokenRequest, interactionRequest, answerRequest } = createPersonRequests({
    ...{ options, discovery, isRevoked, records, pending, pendingSeconds, subjectOf, now, log },
  });

  const agents = { role: "token", level: AGENT_CALLER, from: options.agentProviders } as const;
  const handle = createFrame({
    issuer,
    discovery,
    isRevoked,
    replayStore: options.stores?.replay,
    now,
    log,
    observer: parts.observer,
    documents: parts.documents(metadata),
    routes: {
      [PATHS.person]: { ...agents, methods: { POST: personTokenRequest } },
      [PATHS.token]: { ...agents, methods: { POST: authTokenRequest } },
      [PATHS.interaction]: { ...agents, methods: { POST: interactionRequest } },
      [PATHS.pending]: {
        ...agents,
        role: "pending",
        methods: pendingMethods(pending, answerRequest),
      },
      ...revocationRoutes(PATHS, revocations),
    },
  });

  return {
    handle,
    metadata,
    ...createPersonPages({
      ...{ issuer, interactionUrl, discovery, records, pending, isRevoked, revokeAll },
      resume: (tokens) => deliveries.resume(tokens),
    }),
  };
}
