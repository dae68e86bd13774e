/**
 * An access server (draft -11, sections 9.1 to 9.4 and 11.12).
 *
 * @module
 */

import { admitsCallback } from "../draft-11/callback.ts";
import type { AgentTokenClaims, AuthTokenClaims, ResourceTokenClaims } from "../draft-11/claims.ts";
import { accessServerMetadata } from "../draft-11/documents.ts";
import { issueAuthToken } from "../draft-11/issue-tokens.ts";
import { type OpenedToken, verifyAgentToken, verifySubagentToken } from "../draft-11/verify-tokens.ts";
import { AAuthVerificationError, publicRefusal } from "../errors.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { ownerOf } from "../store/owner-of.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { scopesOf } from "../tokens/scopes.ts";
import { trusts } from "../tokens/trust.ts";
import type { PublicJwk } from "../types.ts";
import type { AccessServer, AccessServerOptions } from "./access-server-types.ts";
import { failed, invalidRequest, type Outcome, Problem, succeeded } from "./answers.ts";
import { assertionsOfResource } from "./assertions.ts";
import { Deliveries } from "./deliveries.ts";
import { deliveredOutcome } from "./federation.ts";
import { IssuedTokens, type RevocableToken, unconfirmedOf } from "./issued-tokens.ts";
import { Limit } from "./limit.ts";
import { PendingRequests } from "./pending-requests.ts";
import type { PendingRecord } from "./pending-types.ts";
import { createRevocationSender, Revocations } from "./revocations.ts";
import { type Call, createFrame, ownerKey, SERVER_CALLER, waitingOf } from "./server-frame.ts";
import { partsOf, pendingMethods, revocationRoutes } from "./server-parts.ts";
import { keyOf } from "./stores.ts";
import {
  checking,
  dependenciesOf,
  dependency,
  requiredPair,
  requiredToken,
  requireNoMoreThanGranted,
  requireSameParties,
  type TokenPair,
  tokenOf,
  type VerifiedPair,
  verifyPair,
  verifyUpstream,
  within,
  withPair,
} from "./token-parameters.ts";
import type { AskedRequest, DownstreamResult, IssuedTokenRecord } from "./types.ts";

/** What a pending request needs to be carried out. Plain data. */
interface Work {
  readonly personServer: string;
  readonly confirmationKey: PublicJwk;
  readonly thumbprint: string;
  /** Unix seconds: no token that comes of it lives longer. */
  notAfter: number;
  resource: ResourceTokenClaims;
  presented: { readonly iss: string; readonly jti: string };
}

type Pending = PendingRecord<Work>;

/** An auth token that was issued here. Plain data. */
type IssuedRecord = Omit<IssuedTokenRecord, "isRevoked" | "unconfirmed"> & RevocableToken;

/** A token that was issued on another. */
type NameOnToken = readonly [jti: string, exp: number];

const PATHS = {
  token: "/aauth/access/token",
  revocation: "/aauth/access/revoke",
  pending: "/aauth/access/pending/",
  cascade: "/aauth/access/revoke/",
} as const;

/** For one owner of person servers (`ownerOf`): they are configured, and few. */
const MAX_PENDING = 5_000;
const SKEW_SECONDS = 60;
/**
 * Auth tokens that are valid at the same time: of one agent, and of all agents together, which
 * owners of agent providers share.
 */
const MAX_OF_AGENT = 2_500;
const MAX_ISSUED = 25_000;

/** Tokens are charged to their resource, which is configured. */
const ownerOfResource = (resource: string) => keyOf("resource", resource);

/**
 * Creates an access server: it verifies what person servers ask for in their own name, decides by the resource's policy, and issues auth tokens. It does no
 * input or output but through `discovery`, `transport` and `store`.
 *
 * Does NOT take payment, and does NOT know persons: `subject` is what the resource calls one.
 *
 * @throws TypeError for an issuer that is no server identifier, metadata of the wrong shape
 *
 * @example
 * const server = createAccessServer({ issuer, key, discovery, resources: ["https://resource.example"], personServers, decide });
 * const answer = await server.handle({ method, target, headers, body });
 */
export function createAccessServer(options: AccessServerOptions): AccessServer {
  const { resources, personServers, decide } = options;
  const parts = partsOf(options, "access");
  const { issuer, now, log, open, key, discovery, call, interactionUrl, pendingSeconds, pollSeconds } = parts;
  const metadata = accessServerMetadata({
    ...options.metadata,
    issuer,
    auth_token_endpoint: `${issuer}${PATHS.token}`,
    revocation_endpoint: `${issuer}${PATHS.revocation}`,
  });

  const store = open("tokens");
  const tokens = new IssuedTokens<IssuedRecord>(store, now, ({ resource }) => ownerOfResource(resource));
  const deliveries = new Deliveries(tokens, {
    send: createRevocationSender({ discovery, call }),
    now,
    log,
  });
  const ofAgents = new Limit({
    ...{ now, maxPerMember: MAX_OF_AGENT, maxPerOwner: MAX_ISSUED, maxEntries: MAX_ISSUED },
  });
  const revocations = new Revocations({
    store: open("revocations"),
    now,
    issuer,
    path: PATHS.cascade,
    pollSeconds,
    isOwnRevoked: (token) => tokens.isRevoked(token),
    async cascade(caller, jti) {
      if ((await issuedOn(caller, jti)).length === 0) return undefined;
      return async () => succeeded({ downstream: await revokeIssuedOn(caller, jti) });
    },
  });
  const { isRevoked } = revocations;
  const pending = new PendingRequests<Work>({
    store: open("pending"),
    now,
    issuer,
    path: PATHS.pending,
    interactionUrl,
    pollSeconds,
    maxPendingPerOwner: MAX_PENDING,
    hooks: {
      decide: ({ asked }) => decide(asked),
      finish: giveAuthToken,
      isRevoked,
      accountOf: ownerOf,
    },
  });

  const handle = createFrame({
    issuer,
    discovery,
    isRevoked,
    replayStore: options.replayStore,
    now,
    log,
    observer: parts.observer,
    documents: parts.documents(metadata),
    routes: {
      [PATHS.token]: {
        role: "token",
        level: SERVER_CALLER,
        from: personServers,
        methods: { POST: tokenRequest },
      },
      [PATHS.pending]: {
        role: "pending",
        level: SERVER_CALLER,
        from: personServers,
        methods: pendingMethods(pending, answerRequest),
      },
      ...revocationRoutes(PATHS, revocations, (id) => trusts(personServers, id) || trusts(resources, id)),
    },
  });

  async function tokenRequest(request: Call): Promise<Answer> {
    const { caller, members } = request;
    const personServer = caller.server!;
    const resourceToken = requiredToken(members, "resource_token");
    const agentToken = requiredToken(members, "agent_token");
    const presentedToken = requiredToken(members, "presented_token");
    const subagentToken = tokenOf(members, "subagent_token");
    const upstreamToken = tokenOf(members, "upstream_token");
    const common = { discovery, isRevoked, now, log };
    requireResource(resourceToken); // hole T8

    const agent = await readAgent(agentToken);
    const subagent =
      subagentToken === undefined
        ? undefined
        : await checking("subagent", log, () =>
            verifySubagentToken(subagentToken, { ...common, parent: agent }),
          );
    const { key: holder } = subagent ?? agent;
    const upstream =
      upstreamToken === undefined
        ? undefined
        : await verifyUpstream(
            upstreamToken,
            // Which access servers its person server asks is not known here.
            { audience: agent.claims.iss, personServer, issuers: () => true },
            common,
          );
    const pair = await readPair(
      { resourceToken, presentedToken },
      { personServer, thumbprint: holder.thumbprint },
    );
    const { resource, presented } = pair;
    const ends = [agent.claims.exp, subagent?.claims.exp, upstream?.claims.exp, presented.claims.exp];
    const work: Work = {
      personServer,
      confirmationKey: holder.publicJwk,
      thumbprint: holder.thumbprint,
      notAfter: Math.min(...ends.filter((exp) => exp !== undefined)),
      resource,
      presented: { iss: presented.claims.iss, jti: presented.claims.jti },
    };
    const depends = [...dependenciesOf(pair)];
    if (upstream !== undefined) depends.push(dependency("upstream token", upstream.type, upstream.claims)); // hole T47
    return pending.begin(
      {
        owner: ownerKey(caller),
        asked: {
          ...(await askedFor(pair)),
          agent: { iss: agent.claims.iss, sub: agent.claims.sub },
          ...(subagent !== undefined && { subagent: subagent.claims.sub }),
          ...(upstream !== undefined && { upstream: upstream.claims.aud }),
          personServer,
          consented: false,
          // A person server finds someone to answer, or reports that it cannot.
          capabilities: ["interaction", "clarification"],
          fromAgent: { answers: [] },
        },
        work,
        depends,
        expiresAt: Math.min(now() + pendingSeconds, work.notAfter),
      },
      waitingOf(request),
    );
  }

  /** No code of the draft is for this parameter (section 11.9.3). */
  async function readAgent(token: string): Promise<OpenedToken<AgentTokenClaims>> {
    try {
      const opened = await verifyAgentToken(token, { discovery, isRevoked, now });
      if (opened.claims.parent_agent === undefined) return opened; // hole T8a
      throw invalidRequest("agent_token: it is that of a sub-agent, and its parent's is wanted");
    } catch (error) {
      if (!(error instanceof AAuthVerificationError)) throw error;
      throw invalidRequest(`agent_token: ${publicRefusal(error).message}`);
    }
  }

  function readPair(
    given: TokenPair,
    { personServer, thumbprint }: { readonly personServer: string; readonly thumbprint: string },
  ): Promise<VerifiedPair> {
    // After a step-up the presented token is one of its own.
    const expected = {
      audience: issuer,
      agentJkt: thumbprint,
      personServer,
      issuers: [personServer, issuer],
    };
    return verifyPair(given, expected, { discovery, isRevoked, now, log });
  }

  /** Not yet verified: any host may publish keys, and name this server in a token. */
  function requireResource(resourceToken: string): void {
    const iss = issuerOf(resourceToken);
    if (typeof iss === "string" && trusts(resources, iss)) return;
    throw new Problem(
      400,
      "invalid_resource_token",
      "the resource token is of a resource that is not decided for here",
    );
  }

  async function askedFor({ resource }: VerifiedPair) {
    const { iss, sub: subject, account, tenant, login_hint: loginHint } = resource;
    const scopes = scopesOf(resource.scope);
    return {
      kind: "auth-token" as const,
      resource: iss,
      subject,
      scopes,
      ...(account !== undefined && { account }),
      ...(tenant !== undefined && { tenant }),
      fromResource: {
        ...(await assertionsOfResource(discovery, iss, scopes)),
        ...(loginHint !== undefined && { loginHint }),
      },
    };
  }

  async function answerRequest({ caller, members }: Call, id: string): Promise<Answer> {
    const owner = ownerKey(caller);
    switch (members.action) {
      case "clarification_response":
        return pending.clarify(id, owner, members);
      case "updated_request": {
        const tokens = requiredPair(members);
        return pending.replace(id, owner, members, (record) => update(record, tokens));
      }
      case undefined: {
        // It was never asked for, and the person is known by another name at each resource (section 9.2).
        if (Object.hasOwn(members, "sub")) throw invalidRequest("sub is never sent"); // hole T32
        return pending.claim(id, owner, members);
      }
      default:
        throw invalidRequest("action must be clarification_response or updated_request");
    }
  }

  async function update(record: Pending, given: TokenPair): Promise<void> {
    const { work, asked } = record;
    requireResource(given.resourceToken);
    const pair = await readPair(given, work);
    const { resource, presented } = pair;
    requireSameParties(work.resource, resource);
    const { account: _account, ...kept } = asked;
    const described = await askedFor(pair);
    requireNoMoreThanGranted(record, described); // hole S9
    record.asked = { ...kept, ...described };
    record.depends = withPair(record.depends, pair); // hole T47
    work.resource = resource;
    work.presented = { iss: presented.claims.iss, jti: presented.claims.jti };
    work.notAfter = Math.min(work.notAfter, presented.claims.exp); // hole T47
    record.expiresAt = Math.min(record.expiresAt, work.notAfter); // hole T47
  }

  async function giveAuthToken({ asked, work, grant }: Pending): Promise<Outcome> {
    const { resource, presented, personServer, confirmationKey, notAfter } = work;
    const { iss: audience, sub: subject, scope, account, tenant, mission_s256: missionS256 } = resource;
    const { token, claims } = await issueAuthToken({
      ...{ key: key(), issuer, personServer, audience, subject, account, tenant, missionS256 },
      scope: scope === undefined ? undefined : within(asked.scopes, grant?.scopes).join(" "),
      userClaims: grant?.claims,
      ...{ confirmationKey, notAfter, now },
    });
    await remember(claims, asked, presented);
    return deliveredOutcome(token, claims.exp - claims.iat);
  }

  // ------------------------------------------------------------------------------------------------------- revocation

  const onKey = (iss: string, jti: string) => keyOf("on", iss, jti);

  async function remember(
    { jti, exp, aud: resource, ps: personServer, sub: subject, scope, account }: AuthTokenClaims,
    { agent }: AskedRequest,
    on: { iss: string; jti: string },
  ): Promise<void> {
    const lifeSeconds = exp - now() + SKEW_SECONDS;
    if (!ofAgents.admits(ownerOf(agent.iss), jti, lifeSeconds, keyOf(agent.iss, agent.sub))) {
      throw new Problem(429, "slow_down", "too many tokens are valid at the same time", SKEW_SECONDS);
    }
    await tokens.add({
      ...{ type: "auth-token", iss: issuer, jti, exp, agent, personServer, subject, resource },
      scopes: scopesOf(scope),
      ...(account !== undefined && { account }),
    });
    await store.update(onKey(on.iss, on.jti), (kept) => {
      const others = ((kept ?? []) as readonly NameOnToken[]).filter(([, end]) => end > now());
      const value = [...others, [jti, exp]] as const;
      const end = Math.max(...value.map(([, each]) => each));
      return { value, owner: keyOf("on", resource), ttlSeconds: end - now() + SKEW_SECONDS };
    });
  }

  async function issuedOn(iss: string, jti: string): Promise<readonly IssuedRecord[]> {
    const names = ((await store.get(onKey(iss, jti))) ?? []) as readonly NameOnToken[];
    const found = await Promise.all(names.map(([name]) => tokens.get({ iss: issuer, jti: name })));
    return found.filter((token) => token !== undefined && token.exp > now()) as IssuedRecord[];
  }

  async function revokeIssuedOn(iss: string, jti: string): Promise<readonly DownstreamResult[]> {
    const results = await Promise.all((await issuedOn(iss, jti)).map(revokeIssued));
    return results.flat();
  }

  async function revokeIssued(token: IssuedRecord): Promise<readonly DownstreamResult[]> {
    await deliveries.revoke(token, ({ resource }) => [["resource", resource]]);
    return [...(await deliveries.deliver(token)), ...(await revokeIssuedOn(issuer, token.jti))];
  }

  // ------------------------------------------------------------------------------------------------------------ pages

  return {
    handle,
    metadata,
    open: (...visit) => pending.open(...visit),
    waiting: (resource) => pending.list(resource),
    find: (reference) => pending.get(reference),
    approve: (reference, { version, ...grant }) =>
      pending.change(reference, (record) =>
        record.version === version ? pending.grant(record, grant) : "changed",
      ),
    deny: (reference) =>
      pending.change(reference, (record) =>
        pending.end(record, failed(new Problem(403, "denied", "the request was refused"))),
      ),
    abandon: (reference) =>
      pending.change(reference, (record) =>
        pending.end(record, failed(new Problem(403, "abandoned", "the page was left without a decision"))),
      ),
    ask: (reference, clarification) =>
      pending.change(reference, (record) => pending.ask(record, clarification, "page")),
    answered: (reference, waitSeconds) => pending.answered(reference, waitSeconds),
    mayReturnTo: ({ iss: provider }, callback) =>
      admitsCallback(callback, { provider, personServer: issuer }, discovery),
    async issued(resource) {
      const issued = await tokens.list(ownerOfResource(resource));
      deliveries.resume(issued);
      return Promise.all(
        issued.map(async (token) => {
          const { iss: _iss, undelivered: _undelivered, ...rest } = token;
          return { ...rest, isRevoked: await isRevoked(token), unconfirmed: unconfirmedOf(token) };
        }),
      );
    },
    async revoke(jti) {
      const token = await tokens.get({ iss: issuer, jti });
      return token === undefined || token.exp <= now() ? undefined : revokeIssued(token);
    },
  };
}

function issuerOf(token: string): unknown {
  try {
    return decodeJwt(token).claims.iss;
  } catch {
    return undefined;
  }
}
