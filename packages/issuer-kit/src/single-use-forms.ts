import type { RecordStore } from "aauth";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { invalidRequest, oauthErrorOf } from "./oauth-error.ts";
import { sendRefusal } from "./pages/message-page.ts";
import type { Site } from "./pages/page.ts";
import { requiredParameter } from "./parameters.ts";
import { createSecrets } from "./secrets.ts";

/** Session of a browser whose person has signed in. */
interface PageSession {
  /** Changes with each sign-out. */
  readonly id: string;
}

/**
 * Single-use forms, each accepted only from the person and browser session that it was shown to.
 */
export interface SingleUseForms<Session, Value> {
  /** Value of the form's hidden field `consent_code`. */
  issue(session: Session, value: Value): Promise<string>;
  /**
   * Uses up the form, even if the submission is refused.
   *
   * @throws OAuthError 400 `invalid_request`
   */
  take(
    request: FastifyRequest,
    reply: FastifyReply,
    form: ReadonlyMap<string, string>,
  ): Promise<{ readonly session: Session; readonly value: Value }>;
}

/** A form that was shown, and its recipient. */
export interface ShownForm<Value> {
  readonly sessionId: string;
  readonly personId: string;
  readonly value: Value;
}

/**
 * Creates the forms of one server's pages. The forms of one person never displace another's.
 *
 * @param options.store used by these pages only; replicas share it
 * @param options.personOf id of a session's person
 * @param options.lifetimeSeconds time that a page waits for its decision
 */
export function createSingleUseForms<Session extends PageSession, Value>(options: {
  readSession: (request: FastifyRequest, reply: FastifyReply) => Promise<Session | undefined>;
  personOf: (session: Session) => string;
  store: RecordStore<ShownForm<Value>>;
  lifetimeSeconds: number;
}): SingleUseForms<Session, Value> {
  const { readSession, personOf, store, lifetimeSeconds } = options;
  const forms = createSecrets(store, ({ personId }) => personId);
  return {
    issue(session, value) {
      return forms.issue({ sessionId: session.id, personId: personOf(session), value }, lifetimeSeconds);
    },
    async take(request, reply, form) {
      // hole T37a: await forms.find(requiredParameter(form, "consent_code"))
      const shown = await forms.take(requiredParameter(form, "consent_code"));
      if (shown === undefined) throw invalidRequest("Invalid or expired consent code");
      const session = await readSession(request, reply);
      // hole T37, J11
      if (session === undefined || session.id !== shown.sessionId || personOf(session) !== shown.personId)
        throw invalidRequest("User session not found or expired");
      return { session, value: shown.value };
    },
  };
}

/**
 * Makes a scope of pages accept only forms, and no other body that a script could send. Refusals
 * are answered with pages.
 *
 * @param pageOf path and query of the page that a form is on. Default: address that the form is
 * sent to
 */
export function acceptFormsOnly(
  app: FastifyInstance,
  site: Site,
  pageOf = (request: FastifyRequest) => request.url,
): void {
  app.removeContentTypeParser(["application/json", "text/plain"]); // hole T37
  app.setErrorHandler((error, request, reply) => {
    const refusal = oauthErrorOf(error);
    if (refusal === undefined) throw error;
    return sendRefusal(request, reply, refusal, site, pageOf(request));
  });
}
