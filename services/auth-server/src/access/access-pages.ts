import type { AccessServer, AskedRequest, DownstreamResult } from "aauth/server";
import type { FastifyInstance } from "fastify";
import { type DecisionPagesOptions, decisionPages } from "../decisions/decision-pages.ts";
import { isShown } from "../pages/granted-page.ts";
import type { RealmUser } from "../realm/realm.ts";

export interface AccessPagesOptions extends DecisionPagesOptions {
  readonly server: AccessServer;
  /** Identifiers of the resources that are decided for here. */
  readonly resources: readonly string[];
  /** User names of those who decide for all of them. */
  readonly owners: readonly string[];
  /** The scopes that an owner may grant now; undefined where the realm's policy does not admit the request. */
  readonly grantable: (request: AskedRequest) => readonly string[] | undefined;
}

/**
 * Where owners of resources meet the access server (draft -11, section 9.1): they decide on each request that its policy leaves to them, and see what it has
 * issued. A person who comes with a code decides only if they are an owner; any other learns who does.
 */
export async function accessPages(app: FastifyInstance, options: AccessPagesOptions): Promise<void> {
  const { server, paths, resources, owners, grantable } = options;
  const isOwner = ({ username }: RealmUser) => owners.includes(username);
  const issued = async () =>
    (await Promise.all(resources.map((resource) => server.issued(resource)))).flat().filter(isShown);

  decisionPages(
    app,
    {
      path: paths.access,
      loginReturn: paths.accessLoginReturn,
      entry: "/access/interaction",
      server,
      words: {
        agent: "The agent",
        decider: "an owner",
        granted: "What this access server has granted",
        nothingGranted: "No agent has an auth token of this access server now.",
        revoked: (agent) => `What ${agent} had here is revoked.`,
        notEverywhere: (agent, at) =>
          `What ${agent} had here is revoked, but not at ${at}. Tokens that were shown there may work until they expire.`,
      },
      // hole T42
      refuses: (user) =>
        isOwner(user)
          ? undefined
          : {
              status: 403,
              title: "This page is for owners",
              text: `You are signed in as ${user.username}, who owns none of the resources here.`,
            },
      shows: (_request, user, hasCode) => isOwner(user) || hasCode,
      isFor: (_request, user) => isOwner(user),
      // hole T42a
      instead: async ({ request }, user) =>
        isOwner(user)
          ? undefined
          : {
              status: 403,
              title: "An owner decides on this",
              text: `${request.resource} leaves it to its owner. You are signed in as ${user.username}, who is not one. The agent goes on by itself once an owner has decided.`,
            },
      isAllowed: (request) => grantable(request) !== undefined,
      approve: ({ reference, request }, _user, version) =>
        server.approve(reference, { version, scopes: grantable(request) ?? [] }),
      deny: (reference) => server.deny(reference),
      waiting: async () => (await Promise.all(resources.map((resource) => server.waiting(resource)))).flat(),
      granted: issued,
      async revoke(_user, agent) {
        const tokens = (await issued()).filter(
          (token) => token.agent.iss === agent.iss && token.agent.sub === agent.sub,
        );
        if (tokens.length === 0) return undefined;
        const results: DownstreamResult[] = [];
        for (const { jti } of tokens) results.push(...((await server.revoke(jti)) ?? []));
        return results;
      },
    },
    options,
  );
}
