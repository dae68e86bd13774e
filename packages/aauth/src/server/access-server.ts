/**
 * An access server (draft -11, sections 9.1 to 9.4 and 11.12).
 *
 * @module
 */

import { accessServerMetadata } from "../draft-11/documents.ts";
import { checkOptions, type OptionChecks, requireFunction } from "../keys/option-checks.ts";
import { trusts } from "../tokens/trust.ts";
import { AccessRecords } from "./access-records.ts";
import type { AccessContext, AccessServer, AccessServerOptions } from "./access-server-types.ts";
import {
  accessTokenRequest,
  claimsOfPerson,
  giveAccessToken,
  updatedAccessRequest,
} from "./access-token-endpoint.ts";
import { failed, Problem, succeeded } from "./answers.ts";
import { unconfirmedOf } from "./issued-tokens.ts";
import { RevocationEndpoint } from "./revocation-endpoint.ts";
import { commonPages } from "./server-context.ts";
import { SERVER_CALLER } from "./server-frame.ts";
import { partsOf, requirePolicy, SERVER_CHECKS } from "./server-parts.ts";
import { ServerRequests } from "./server-requests.ts";
import type { PairWork } from "./token-pair.ts";

const PATHS = {
  token: "/aauth/access/token",
  revocation: "/aauth/access/revoke",
  pending: "/aauth/access/pending/",
} as const;

/** Maximum for one owner of person servers (`ownerOf`), which are configured and few. */
const MAX_PENDING = 5_000;

/**
 * Creates an access server. It verifies token requests of person servers, decides by the resource's
 * policy, and issues auth tokens. All input and output uses `discovery`, `transport` and `stores`.
 *
 * Does NOT process payments, and does NOT know persons: `subject` is the resource's identifier of a
 * person.
 *
 * @throws TypeError for an invalid or unknown option
 * @throws RangeError for invalid seconds
 *
 * @example
 * const resources = ["https://resource.example"];
 * const server = createAccessServer({ issuer, key, discovery, resources, personServers, decide });
 * const answer = await server.handle({ method, target, headers, body });
 */
export function createAccessServer(options: AccessServerOptions): AccessServer {
  checkOptions(options, OPTION_CHECKS);
  const { resources, personServers, decide } = options;
  const { frame, open, ...parts } = partsOf(options, "access");
  const { issuer } = parts;
  const metadata = accessServerMetadata({
    ...options.metadata,
    issuer,
    auth_token_endpoint: `${issuer}${PATHS.token}`,
    revocation_endpoint: `${issuer}${PATHS.revocation}`,
  });
  const records = new AccessRecords(parts, open("tokens"));
  const revocations = new RevocationEndpoint({
    ...parts,
    path: PATHS.revocation,
    store: open("revocations"),
    tokens: records.tokens,
    from: (id) => trusts(personServers, id) || trusts(resources, id),
    async cascade(iss, jti) {
      const issuedOn = () => records.tokens.issuedOn({ iss, jti });
      if ((await issuedOn()).length === 0) return undefined;
      return async () => succeeded({ downstream: await records.deliveries.revoke(await issuedOn()) });
    },
  });
  const { isRevoked } = revocations;
  const pending = new ServerRequests<PairWork>({
    ...parts,
    path: PATHS.pending,
    store: open("pending"),
    maxPendingPerOwner: MAX_PENDING,
    hooks: {
      decide: ({ asked }) => decide(asked),
      finish: (record) => giveAccessToken(context, record),
      isRevoked,
    },
  });
  const context: AccessContext = { ...parts, options, records, pending, isRevoked };

  const servers = { level: SERVER_CALLER, from: personServers } as const;
  const handle = frame(metadata, isRevoked, {
    [PATHS.token]: {
      ...servers,
      role: "token",
      methods: { POST: (call) => accessTokenRequest(context, call) },
    },
    [PATHS.pending]: {
      ...servers,
      role: "pending",
      methods: pending.methods(
        (...request) => updatedAccessRequest(context, ...request),
        (...request) => claimsOfPerson(context, ...request),
      ),
    },
    ...revocations.routes,
  });
  return { handle, metadata, ...pagesOf(context) };
}

const OPTION_CHECKS: OptionChecks<AccessServerOptions> = {
  ...SERVER_CHECKS,
  resources: requirePolicy,
  personServers: requirePolicy,
  decide: (name, value) => requireFunction(name, value ?? null),
};

/** Functions for the pages of resource owners. */
function pagesOf(context: AccessContext): Omit<AccessServer, "handle" | "metadata"> {
  const { issuer, now, records, pending, isRevoked } = context;
  return {
    ...commonPages(context),
    approve: (reference, { version, ...grant }) =>
      pending.change(reference, (record) =>
        record.version === version ? pending.grant(record, grant) : "changed",
      ),
    deny: (reference) =>
      pending.change(reference, (record) =>
        pending.finish(record, failed(new Problem(403, "denied", "the request was refused"))),
      ),
    async issued(resource) {
      return Promise.all(
        (await records.ofResource(resource)).map(async (token) => {
          const { iss: _iss, undelivered: _undelivered, ...rest } = token;
          return { ...rest, isRevoked: await isRevoked(token), unconfirmed: unconfirmedOf(token) };
        }),
      );
    },
    async revoke(jti) {
      const token = await records.tokens.get({ iss: issuer, jti });
      return token === undefined || token.exp <= now() ? undefined : records.deliveries.revoke([token]);
    },
  };
}
