import type { AskedRequest, PersonServer } from "aauth/issuer";
import type { FastifyInstance } from "fastify";
import { type DecisionPagesOptions, decisionPages } from "../decisions/decision-pages.ts";
import { noStore } from "../oauth-error.ts";
import { isShown } from "../pages/granted-page.ts";
import { type Query, single } from "../parameters.ts";
import type { RealmUser } from "../realm/realm.ts";

export interface PersonPagesOptions extends DecisionPagesOptions {
  readonly server: PersonServer;
  readonly isAllowed: (request: AskedRequest) => boolean;
}

/** Where users meet the person server: they decide for themselves, and see what they have granted. */
export async function personPages(app: FastifyInstance, options: PersonPagesOptions): Promise<void> {
  const { server, paths, realm, browserUrl, isAllowed } = options;
  const pages = decisionPages(
    app,
    {
      path: paths.person,
      loginReturn: paths.personLoginReturn,
      entry: "/interaction",
      server,
      isAllowed,
      words: {
        agent: "Your agent",
        decider: "the person",
        granted: "What you have granted",
        nothingGranted: "You have granted nothing to any agent.",
        revoked: (agent) => `${agent} can no longer act for you.`,
        notEverywhere: (agent, resources) =>
          `${agent} gets nothing more, but could not be revoked at ${resources}. Tokens that were shown there may work until they expire.`,
      },
      shows: ({ person }, { id }, hasCode) => (person === undefined ? hasCode : person === id), // hole T38a
      async instead({ reference, request, first }, user) {
        // hole T41
        if (namesAnotherUser(request, user)) {
          await server.abandon(reference);
          const text = `Your agent asks for another user than ${user.username}. Sign in as that user, and start again.`;
          return { status: 403, title: "This request is not for you", text };
        }
        if (first === undefined) return undefined;
        return {
          status: 200,
          title: "First, the resource",
          text: `${request.resource} wants you to act at its own page first.`,
          link: [browserUrl(first), `Go on to ${new URL(first).host}`],
        };
      },
      approve: ({ reference }, { id: person }, version) => server.approve(reference, { person, version }),
      deny: (reference, { id: person }) => server.deny(reference, { person }),
      waiting: ({ id }) => server.waiting(id),
      granted: async ({ id }) => (await server.grants(id)).filter(isShown),
      revoke: ({ id }, agent) => server.revokeAgent(id, agent),
    },
    options,
  );

  app.get<{ Params: { callback: string }; Querystring: Query }>(
    "/interaction/returned/:callback",
    async ({ params, query }, reply) =>
      pages.moveTo(reply, `/returned/${encodeURIComponent(params.callback)}`, query, ["error"]),
  );

  app.get<{ Params: { callback: string }; Querystring: Query }>(
    pages.at("/returned/:callback"),
    async (request, reply) => {
      if ((await pages.signedIn(request, reply)) === undefined) return reply;
      const waiting = await server.returned(request.params.callback, single(request.query, "error"));
      if (waiting === undefined) return pages.sendEnded(reply);
      return noStore(reply).redirect(pages.at(`/requests/${waiting.reference}`), 303);
    },
  );

  /** A hint decides nothing but that: an agent without a person is not given to a user that it does not ask for. */
  function namesAnotherUser(request: AskedRequest, user: RealmUser): boolean {
    const hint = request.fromResource.loginHint ?? request.fromAgent.loginHint;
    if (hint === undefined || request.person !== undefined) return false;
    const isFor = ({ id, username, email }: RealmUser) =>
      [id, username, email].some((name) => name?.toLowerCase() === hint.toLowerCase());
    return !isFor(user) && realm.users.some(isFor);
  }
}
