import type { AgentIdentity } from "aauth/server";
import type { FastifyInstance, FastifyReply } from "fastify";
import { invalidRequest, type Query, readForm, sendPage } from "issuer-kit";
import { grantedPage, type HeldToken } from "../pages/granted-page.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import type { DeciderContext } from "./decider-context.ts";

/** The page that lists grants and waiting requests, with buttons to revoke and to sign out. */
export function grantedRoutes(app: FastifyInstance, context: DeciderContext): void {
  const { decider, forms, logger, signIn } = context;
  const { words } = decider;
  const path = context.at("/granted");

  app.get(path, async (request, reply) => {
    const session = await context.signedIn(request, reply);
    return session === undefined ? reply : showGranted(reply, session);
  });

  app.post<{ Body: Query | undefined }>(path, async (request, reply) => {
    const form = readForm(request.body);
    const { session, value } = await forms.take(request, reply, form);
    if (value.reference !== undefined) throw invalidRequest("Invalid or expired consent code"); // hole T37
    const agent = { iss: form.get("provider") ?? "", sub: form.get("agent") ?? "" };
    const refusal = decider.refuses?.(session.person);
    if (refusal !== undefined) return context.sendMessage(reply, refusal);
    const before = await decider.granted(session.person);
    const results = await decider.revoke(session.person, agent);
    if (results === undefined) return showGranted(reply, session);
    logger.info({ agent: agent.sub, provider: agent.iss }, `Agent revoked by ${words.decider}`);
    const also = endedWith(agent, before, await decider.granted(session.person));
    const failed = results.filter(({ error }) => error !== undefined).map(({ recipient }) => recipient);
    return showGranted(reply, session, {
      isProblem: failed.length > 0,
      text:
        failed.length === 0
          ? `${words.revoked(agent.sub)}${also.length === 0 ? "" : ` This also ended: ${also.join(", ")}.`}`
          : words.notEverywhere(agent.sub, [...new Set(failed)].join(", ")),
    });
  });

  async function showGranted(
    reply: FastifyReply,
    session: BrowserSession,
    notice?: { text: string; isProblem: boolean },
  ): Promise<FastifyReply> {
    const { person } = session;
    const refusal = decider.refuses?.(person);
    if (refusal !== undefined) return context.sendMessage(reply, refusal);
    const page = grantedPage({
      site: context.site,
      userName: person.name,
      action: path,
      notice,
      title: words.granted,
      nothing: words.nothingGranted,
      requestPath: context.at("/requests/"),
      missions: decider.missions && { all: await decider.missions(person), path: context.at("/missions/") },
      signOutPath: signIn.signOutPath,
      consentCode: await forms.issue(session, {}),
      tokens: await decider.granted(person),
      waiting: await decider.waiting(person),
      waitSeconds: context.config.consentSeconds,
    });
    return sendPage(reply, 200, page);
  }
}

/** Tokens of other agents that ended together with a revoked agent. */
function endedWith(
  revoked: AgentIdentity,
  before: readonly HeldToken[],
  after: readonly HeldToken[],
): readonly string[] {
  const nameOf = ({ agent, resource }: HeldToken) => `${agent.sub} at ${resource}`;
  const namesOf = (tokens: readonly HeldToken[]) =>
    tokens
      .filter(
        ({ agent, isRevoked }) => !isRevoked && (agent.iss !== revoked.iss || agent.sub !== revoked.sub),
      )
      .map(nameOf);
  const left = new Set(namesOf(after));
  return [...new Set(namesOf(before))].filter((name) => !left.has(name));
}
