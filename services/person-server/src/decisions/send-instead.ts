import type { FastifyReply } from "fastify";
import { sendPage } from "issuer-kit";
import { otherUserPage } from "../pages/other-user-page.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import type { Message } from "./decider.ts";
import type { DeciderContext } from "./decider-context.ts";
import type { Found } from "./opened-requests.ts";

/**
 * Sends the page that is shown instead of a decision. It links back to where the person came from
 * unless the message has a link.
 *
 * @param visit.page path and query that another user comes back to
 */
export async function sendInstead(
  context: DeciderContext,
  {
    reply,
    session,
    found,
    page,
  }: { reply: FastifyReply; session: BrowserSession; found: Found; page: string },
  message: Message,
): Promise<FastifyReply> {
  const { opened, signIn, site, browserUrl } = context;
  const callback = await opened.callbackOf(found);
  const back =
    callback === undefined ? undefined : ([browserUrl(callback), "Go back without deciding"] as const);
  const { status, isForOther, ...words } = message;
  if (!isForOther) return context.sendMessage(reply, { ...(back && { link: back }), ...message });
  const user = { userName: session.person.name, switchAction: signIn.switchUserPath(page) };
  return sendPage(reply, status, otherUserPage({ site, ...words, ...user, back }));
}
