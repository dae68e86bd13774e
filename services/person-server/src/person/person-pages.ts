import type { AskedRequest, PersonServer } from "aauth/server";
import type { FastifyInstance } from "fastify";
import { noStore, type Query, single } from "issuer-kit";
import type { DeciderOptions } from "../decisions/decider-context.ts";
import { decisionPages } from "../decisions/decision-pages.ts";
import { missionRoutes, type ProviderKeys } from "../missions/mission-routes.ts";
import { isShown } from "../pages/granted-page.ts";
import type { ShownPolicy } from "../policy.ts";
import type { Person } from "../sign-in/person.ts";

export interface PersonPagesOptions extends DeciderOptions {
  readonly policyAfter: (request: AskedRequest) => ShownPolicy | undefined;
  readonly server: PersonServer;
  readonly isAllowed: (request: AskedRequest) => boolean;
  /** Keys that an agent provider publishes. */
  readonly providerKeys: ProviderKeys;
}

/**
 * Pages of the person server, where people decide for themselves and see what they have granted.
 */
export async function personPages(app: FastifyInstance, options: PersonPagesOptions): Promise<void> {
  const { server, browserUrl, policyAfter, isAllowed, providerKeys } = options;
  const context = decisionPages(
    app,
    {
      party: "person-server",
      path: "",
      server,
      policyAfter,
      isAllowed,
      words: {
        agent: "Your agent",
        decider: "the person",
        granted: "What you have granted",
        nothingGranted: "You have not granted any agent access.",
        revoked: (agent) => `${agent} can no longer act for you.`,
        notEverywhere: (agent, resources) =>
          `${agent} receives no more tokens, but could not be revoked at ${resources}. Tokens already used there may work until they expire.`,
      },
      // hole T38a: ({ person }, { id }) => person === undefined || person === id
      shows: ({ person }, { id }, hasCode) => (person === undefined ? hasCode : person === id),
      isFor: (request, person) =>
        request.person === undefined ? !asksForAnother(request, person) : request.person === person.id,
      async instead({ request, first }, person) {
        // hole T41
        if (asksForAnother(request, person)) {
          const text =
            "The agent asks for another user, and only that user can decide. The request waits meanwhile.";
          return { status: 403, title: "This request is not for you", text, isForOther: true };
        }
        if (first === undefined) return undefined;
        return {
          status: 200,
          title: "The resource comes first",
          text: `${request.resource} needs you to complete a step on its own page first.`,
          link: [browserUrl(first), `Continue to ${new URL(first).host}`],
        };
      },
      approve: ({ reference }, { id: person }, { version = 0, chain }, mission) =>
        server.approve(reference, { person, version, chain, mission }),
      deny: (reference, { id: person }) => server.deny(reference, { person }),
      waiting: ({ id }) => server.waiting(id),
      missions: ({ id }) => server.missions(id),
      granted: async ({ id }) => (await server.issuedTokens(id)).filter(isShown),
      revoke: ({ id }, agent) => server.revokeAgent(id, agent),
    },
    options,
  );

  missionRoutes(app, context, { server, providerKeys });

  app.get<{ Params: { callback: string }; Querystring: Query }>(
    "/interaction/returned/:callback",
    async (request, reply) => {
      if ((await context.signedIn(request, reply)) === undefined) return reply;
      const waiting = await server.returned(request.params.callback, single(request.query, "error"));
      if (waiting === undefined) return context.sendEnded(reply);
      return noStore(reply).redirect(context.at(`/requests/${waiting.reference}`), 303);
    },
  );
}

/**
 * Whether the hint asks for another person. It only applies to agents without a person. A hint that
 * matches no person has the same effect: a different answer would reveal who has an account. Names
 * match none, because people choose them.
 */
function asksForAnother({ person, fromResource, fromAgent }: AskedRequest, user: Person): boolean {
  const hint = fromResource.loginHint ?? fromAgent.loginHint;
  if (hint === undefined || person !== undefined) return false;
  // hole S42: [user.subject, user.name, user.email].includes(hint)
  const isTheirs = hint === user.subject || hint.toLowerCase() === user.email?.toLowerCase();
  return !isTheirs; // hole S22a
}
