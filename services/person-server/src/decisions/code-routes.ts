import type { FastifyInstance, FastifyReply } from "fastify";
import {
  invalidRequest,
  noStore,
  type Query,
  readForm,
  requiredParameter,
  requireShort,
  sendPage,
  single,
} from "issuer-kit";
import { codePage } from "../pages/code-page.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import type { DeciderContext } from "./decider-context.ts";
import { sendInstead } from "./send-instead.ts";

interface BroughtCode {
  readonly code: string | undefined;
  readonly callback: string | undefined;
  /** Caller to whom a wrong code is attributed. */
  readonly from: string;
}

/** The page that takes an agent's code, from the URL or typed. */
export function codeRoutes(app: FastifyInstance, context: DeciderContext): void {
  const { forms } = context;
  const path = context.at("/interaction");

  app.get<{ Querystring: Query }>(path, async (request, reply) => {
    const code = single(request.query, "code");
    const callback = single(request.query, "callback");
    requireShort("code", code);
    requireShort("callback", callback);
    const session = await context.signedIn(request, reply);
    if (session === undefined) return reply;
    return openCode(reply, session, { code, callback, from: session.person.id });
  });

  // Any site can send the browser to a URL with a code. Typed codes have their own counter, so that
  // no other site can use up their attempts.
  app.post<{ Body: Query | undefined }>(path, async (request, reply) => {
    const form = readForm(request.body);
    const { session, value } = await forms.take(request, reply, form);
    if (value.reference !== undefined) throw invalidRequest("Invalid or expired consent code");
    const code = requiredParameter(form, "code");
    requireShort("code", code);
    const callback = form.get("callback");
    return openCode(reply, session, { code, callback, from: `${session.person.id} typed` }); // hole S32e
  });

  async function openCode(
    reply: FastifyReply,
    session: BrowserSession,
    { code, callback, from }: BroughtCode,
  ): Promise<FastifyReply> {
    const { decider, opened, site } = context;
    const { person } = session;
    const known = code === undefined ? undefined : await opened.openedWith(session, code);
    if (known !== undefined) return noStore(reply).redirect(context.at(`/requests/${known}`), 303);
    const isFor = (request: Parameters<typeof decider.isFor>[0]) => decider.isFor(request, person);
    const waiting = code === undefined ? undefined : await decider.server.open(code, from, isFor);
    if (code !== undefined && typeof waiting === "object") {
      const { reference, request } = waiting;
      const kept = callback === undefined ? {} : { callback };
      // The code stays valid for another user, whom this page lets sign in.
      const other = isFor(request) ? undefined : await decider.instead(waiting, person);
      if (other?.isForOther) {
        const query = new URLSearchParams({ code, ...kept });
        const visit = { reply, session, found: { waiting, opened: kept }, page: `${path}?${query}` };
        return sendInstead(context, visit, other);
      }
      // Only this session may come back with the used code, as the Back button does.
      if (isFor(request)) await opened.keepCode(session, code, reference);
      await opened.keep(person, reference, kept);
      return noStore(reply).redirect(context.at(`/requests/${reference}`), 303);
    }
    const page = {
      site,
      action: path,
      consentCode: await forms.issue(session, {}),
      grantedUrl: context.at("/granted"),
      grantedName: decider.words.granted,
    };
    if (code === undefined) return sendPage(reply, 200, codePage(page));
    if (waiting === "too_many_codes") {
      const problem = "Too many wrong codes were tried. Try again in ten minutes.";
      return sendPage(reply, 429, codePage({ ...page, code, callback, problem }));
    }
    const problem = "This code is invalid or has expired. Try again, or ask your agent for a new one.";
    return sendPage(reply, 410, codePage({ ...page, code, callback, problem }));
  }
}
