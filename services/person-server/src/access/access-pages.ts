import type { AccessServer, AskedRequest, DownstreamResult } from "aauth/server";
import type { FastifyInstance } from "fastify";
import { OWNER_NAME_PREFIX } from "../config.ts";
import type { DeciderOptions } from "../decisions/decider-context.ts";
import { decisionPages } from "../decisions/decision-pages.ts";
import { isShown } from "../pages/granted-page.ts";
import type { Person } from "../sign-in/person.ts";

export interface AccessPagesOptions extends DeciderOptions {
  readonly server: AccessServer;
  /** Scopes that an owner may grant now; undefined where policy does not admit the request. */
  readonly grantable: (request: AskedRequest) => readonly string[] | undefined;
}

/** Prefix of the pages' paths. */
const PATH = "/access";

/**
 * The access server's pages for owners of resources (draft -11, section 9.1). Owners decide on each
 * request that policy leaves to them, and see what the server has issued. A person who arrives with
 * a code but owns nothing here learns that an owner decides.
 */
export async function accessPages(app: FastifyInstance, options: AccessPagesOptions): Promise<void> {
  const { server, config, grantable, origin } = options;
  const { owners, accessServerResources: resources } = config;
  const isOwner = (person: Person) => owners.some((owner) => names(owner, person));
  const issued = async () =>
    (await Promise.all(resources.map((resource) => server.issued(resource)))).flat().filter(isShown);

  decisionPages(
    app,
    {
      party: "access-server",
      path: PATH,
      server,
      words: {
        agent: "The agent",
        decider: "an owner",
        granted: "What this access server has granted",
        nothingGranted: "No agent currently holds an auth token from this access server.",
        revoked: (agent) => `The tokens of ${agent} are revoked.`,
        notEverywhere: (agent, at) =>
          `The tokens of ${agent} are revoked, but not at ${at}. Tokens already used there may work until they expire.`,
      },
      // hole T42
      refuses: (person) =>
        isOwner(person)
          ? undefined
          : {
              status: 403,
              title: "This page is for owners",
              text: `You are signed in as ${person.name}, who owns none of the resources here.`,
            },
      shows: (_request, person, hasCode) => isOwner(person) || hasCode,
      isFor: (_request, person) => isOwner(person),
      // hole T42a: async () => undefined
      instead: async ({ request }, person) =>
        isOwner(person)
          ? undefined
          : {
              status: 403,
              title: "An owner decides on this request",
              text: `${request.resource} leaves this decision to its owner. You are signed in as ${person.name}, who is not an owner. An owner can sign in at ${origin}${PATH}/granted, in another browser or a private window, and decide there. The agent then continues on its own.`,
            },
      isAllowed: (request) => grantable(request) !== undefined,
      approve: ({ reference, request }, _person, { version = 0 }) =>
        server.approve(reference, { version, scopes: grantable(request) ?? [] }),
      deny: (reference) => server.deny(reference),
      waiting: async () => (await Promise.all(resources.map((resource) => server.waiting(resource)))).flat(),
      granted: issued,
      async revoke(_person, agent) {
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

/** Whether an entry of `ACCESS_SERVER_OWNERS` names this person. */
function names(owner: string, { subject, claimedName }: Person): boolean {
  // hole U11: if (owner === subject || owner === claimedName) return true;
  if (!owner.startsWith(OWNER_NAME_PREFIX)) return owner === subject;
  // hole U11a: claimedName?.includes(owner.slice(OWNER_NAME_PREFIX.length)) === true
  return owner.slice(OWNER_NAME_PREFIX.length) === claimedName;
}
