import type { AskedRequest, PageResult, WaitingRequest } from "aauth/server";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { BrowserSession, ReadSession } from "../consent/read-session.ts";
import { invalidRequest, noStore, OAuthError } from "../oauth-error.ts";
import type { OidcPaths } from "../oidc/oidc-paths.ts";
import { signInUrl } from "../oidc/sign-in-url.ts";
import { codePage } from "../pages/code-page.ts";
import { grantedPage } from "../pages/granted-page.ts";
import { messagePage, sendRefusal } from "../pages/message-page.ts";
import { originsOf, sendPage } from "../pages/page.ts";
import { personRequestPage } from "../pages/person-request-page.ts";
import { type Query, readForm, requiredParameter, requireShort, single } from "../parameters.ts";
import { type Realm, shownName } from "../realm/realm.ts";
import { createSecrets } from "../secrets.ts";
import type { CreateStore } from "../store.ts";
import type { DescribeProvider } from "./describe-provider.ts";
import type { Desk, Message } from "./desk.ts";
import { readReturn, writeReturn } from "./return-state.ts";

export interface DecisionPagesOptions {
  readonly issuer: string;
  readonly paths: OidcPaths;
  readonly realm: Realm;
  readonly readSession: ReadSession;
  readonly createStore: CreateStore;
  /** How long a request waits, in seconds. */
  readonly pendingSeconds: number;
  /** What a browser opens for a URL of one of the parties. */
  readonly browserUrl: (url: string) => string;
  readonly describeProvider: DescribeProvider;
  readonly logger: FastifyBaseLogger;
}

/** For further pages of the same desk. */
export interface DecisionPages {
  /** Path of a page. */
  at(path: string): string;
  /** Where no user has signed in, the reply goes to the sign-in and comes back. */
  signedIn(request: FastifyRequest, reply: FastifyReply): Promise<BrowserSession | undefined>;
  /** On to a page, with some of the query. Under a server's own name there is no session: its cookie is the issuer's. */
  moveTo(reply: FastifyReply, path: string, query: Query, names: readonly string[]): FastifyReply;
  sendEnded(reply: FastifyReply): FastifyReply;
}

/** A page with a form, in the browser session that it was shown in. */
interface ShownForm {
  readonly sessionId: string;
  readonly userId: string;
  /** Of the request that is decided on; unset for what has been granted. */
  readonly reference?: string;
  /** Of the request as it was shown. */
  readonly version?: number;
}

/** A request that a user has come to with its code. */
interface OpenedRequest {
  readonly userId: string;
  readonly callback?: string;
  /** What the user has asked the agent, of which version of the request. */
  readonly asked?: { readonly question: string; readonly version: number };
}

/** How long a question's answer is waited for before the page is shown without it. */
const ANSWER_SECONDS = 4;
const FORM_SECONDS = 600;
const MAX_QUESTION_CHARACTERS = 500;

const NOT_GRANTED = {
  title: "This is not granted here any more",
  by: "policy, after it was allowed at the page",
};

/**
 * Where users decide on requests of draft -11 (sections 7.2.3, 7.3 and 7.5): they come with an agent's code or to a list, sign in, see what is asked, and
 * allow, deny or ask back; the list shows what is granted, and takes it back. A decision is a form with a value that is good once, from the user and the
 * browser session that it was shown to. The browser is sent only to addresses that the agent's provider has published.
 */
export function decisionPages(
  app: FastifyInstance,
  desk: Desk,
  options: DecisionPagesOptions,
): DecisionPages {
  const { issuer, paths, realm, readSession, createStore, browserUrl, describeProvider, logger } = options;
  const { server, words } = desk;
  const realmName = shownName(realm);
  const at = (path: string) => `${desk.path}${path}`;
  const grantedUrl = at("/granted");
  // The callback leads to the agent's own front end, which is one of the realm's clients.
  const webOrigins = realm.clients.flatMap((client) => client.webOrigins);
  const forms = createSecrets(createStore<ShownForm>(), ({ userId }) => userId);
  const opened = createStore<OpenedRequest>();

  // A decision is a form: no other body that a script could send is parsed.
  app.removeContentTypeParser(["application/json", "text/plain"]); // hole T37
  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof OAuthError)) throw error;
    return sendRefusal(request, reply, error, realm);
  });

  app.get<{ Querystring: Query }>(desk.entry, async ({ query }, reply) =>
    moveTo(reply, "/interaction", query, ["code", "callback"]),
  );

  // The sign-in ends here. Its code is not redeemed; the session is what counts.
  app.get<{ Querystring: Query }>(desk.loginReturn, async (request, reply) => {
    if ((await readSession(request, reply)) === undefined)
      throw invalidRequest("User session not found or expired");
    const path = readReturn(single(request.query, "state") ?? "");
    if (path === undefined) throw invalidRequest("Invalid parameter: state");
    return noStore(reply).redirect(at(path), 303);
  });

  app.get<{ Querystring: Query }>(at("/interaction"), async (request, reply) => {
    const code = single(request.query, "code");
    const callback = single(request.query, "callback");
    requireShort("code", code);
    requireShort("callback", callback);
    const session = await signedIn(request, reply);
    if (session === undefined) return reply;
    return openCode(reply, session, { code, callback, from: session.user.id });
  });

  // Any page may send the browser to an address with a code. What is typed here has attempts of its
  // own, so that none of them is used up by others.
  app.post<{ Body: Query | undefined }>(at("/interaction"), async (request, reply) => {
    const form = readForm(request.body);
    const { session, shown } = await takeForm(request, reply, form);
    if (shown.reference !== undefined) throw invalidRequest("Invalid or expired consent code");
    const code = requiredParameter(form, "code");
    requireShort("code", code);
    const callback = form.get("callback");
    return openCode(reply, session, { code, callback, from: `${session.user.id} typed` }); // hole S32e
  });

  app.get<{ Params: { reference: string } }>(at("/requests/:reference"), async (request, reply) => {
    const session = await signedIn(request, reply);
    if (session === undefined) return reply;
    const found = await requestFor(session, request.params.reference);
    return found === undefined ? sendEnded(reply) : showRequest(reply, session, found);
  });

  app.post<{ Params: { reference: string }; Body: Query | undefined }>(
    at("/requests/:reference"),
    async (request, reply) => {
      const form = readForm(request.body);
      const { session, shown } = await takeForm(request, reply, form);
      const { reference } = request.params;
      if (shown.reference !== reference) throw invalidRequest("Invalid or expired consent code"); // hole T37
      const found = await requestFor(session, reference);
      if (found === undefined) return sendEnded(reply);
      const other = await desk.instead(found.waiting, session.user);
      if (other !== undefined) return sendInstead(reply, found, other);
      if (form.has("cancel")) return deny(reply, session, found);
      if (form.has("ask")) return ask(reply, session, found, form.get("question") ?? "");
      if (!form.has("accept")) throw invalidRequest("Missing required parameter: accept");
      if (!desk.isAllowed(found.waiting.request)) return deny(reply, session, found, NOT_GRANTED); // hole T40
      const result = await desk.approve(found.waiting, session.user, shown.version as number);
      if (result !== "done") return notDone(reply, session, reference, result);
      logger.info(facts(found.waiting), `Request allowed by ${words.decider}`);
      const text = `${words.agent} goes on by itself.`;
      return leave(reply, found, { title: "You have allowed it", text });
    },
  );

  app.get(grantedUrl, async (request, reply) => {
    const session = await signedIn(request, reply);
    return session === undefined ? reply : showGranted(reply, session);
  });

  app.post<{ Body: Query | undefined }>(grantedUrl, async (request, reply) => {
    const form = readForm(request.body);
    const { session, shown } = await takeForm(request, reply, form);
    if (shown.reference !== undefined) throw invalidRequest("Invalid or expired consent code"); // hole T37
    const agent = { iss: form.get("provider") ?? "", sub: form.get("agent") ?? "" };
    const refusal = desk.refuses?.(session.user);
    if (refusal !== undefined) return sendMessage(reply, refusal);
    const results = await desk.revoke(session.user, agent);
    if (results === undefined) return showGranted(reply, session);
    logger.info({ agent: agent.sub, provider: agent.iss }, `Agent revoked by ${words.decider}`);
    const failed = results.filter(({ error }) => error !== undefined).map(({ recipient }) => recipient);
    return showGranted(reply, session, {
      isProblem: failed.length > 0,
      text:
        failed.length === 0
          ? words.revoked(agent.sub)
          : words.notEverywhere(agent.sub, [...new Set(failed)].join(", ")),
    });
  });

  return { at, signedIn, moveTo, sendEnded };

  async function openCode(
    reply: FastifyReply,
    session: BrowserSession,
    { code, callback, from }: { code: string | undefined; callback: string | undefined; from: string },
  ): Promise<FastifyReply> {
    const isFor = (request: AskedRequest) => desk.isFor(request, session.user);
    const waiting = code === undefined ? undefined : await server.open(code, from, isFor);
    if (waiting === undefined) {
      const consentCode = await issueForm(session);
      const action = at("/interaction");
      const page = { realmName, action, consentCode, grantedUrl, grantedName: words.granted };
      if (code === undefined) return sendPage(reply, 200, codePage(page));
      const problem =
        "This code is not valid, or not any more. Try it once more, or ask your agent for a new one.";
      return sendPage(reply, 410, codePage({ ...page, code, callback, problem }));
    }
    const { reference } = waiting;
    await keepOpened(reference, { userId: session.user.id, ...(callback !== undefined && { callback }) });
    return noStore(reply).redirect(at(`/requests/${reference}`), 303);
  }

  // ---------------------------------------------------------------------------------------------- one request

  interface Found {
    readonly waiting: WaitingRequest;
    readonly opened: OpenedRequest | undefined;
  }

  /** A request of this user: one that the desk shows them. To any other user it does not exist. */
  async function requestFor(session: BrowserSession, reference: string): Promise<Found | undefined> {
    const waiting = await server.find(reference);
    const own = await opened.get(openedBy(session.user.id, reference));
    // hole T38
    if (waiting === undefined || !desk.shows(waiting.request, session.user, own !== undefined))
      return undefined;
    return { waiting, opened: own };
  }

  async function showRequest(
    reply: FastifyReply,
    session: BrowserSession,
    { waiting, opened: known }: Found,
    notice?: string,
  ): Promise<FastifyReply> {
    const { reference, version, request } = waiting;
    const other = await desk.instead(waiting, session.user);
    if (other !== undefined) return sendInstead(reply, { waiting, opened: known }, other);
    const callback = await callbackOf(waiting, known);
    const page = personRequestPage({
      ...{ realmName, request, grantedUrl, grantedName: words.granted, notice },
      provider: await describeProvider(request.agent.iss),
      userName: session.user.username,
      action: at(`/requests/${reference}`),
      consentCode: await issueForm(session, { reference, version }),
      returnsTo: callback && new URL(callback).host,
      formOrigins: callback === undefined ? [] : originsOf(browserUrl(callback), ...webOrigins),
      openQuestion: known?.asked?.version === version ? known.asked.question : undefined,
    });
    return sendPage(reply, 200, page);
  }

  async function deny(
    reply: FastifyReply,
    session: BrowserSession,
    found: Found,
    { title, by } = { title: "You have denied it", by: words.decider },
  ): Promise<FastifyReply> {
    const { reference } = found.waiting;
    const result = await desk.deny(reference, session.user);
    if (result !== "done") return notDone(reply, session, reference, result);
    logger.info(facts(found.waiting), `Request denied by ${by}`);
    return leave(reply, found, { title, text: `${words.agent} gets nothing.`, error: "access_denied" });
  }

  /** Waits for the answer, for a moment: the page works without a script. */
  async function ask(
    reply: FastifyReply,
    session: BrowserSession,
    found: Found,
    text: string,
  ): Promise<FastifyReply> {
    const { reference, version } = found.waiting;
    const question = text.trim();
    if (question === "" || question.length > MAX_QUESTION_CHARACTERS)
      return showRequest(reply, session, found, `Ask in 1 to ${MAX_QUESTION_CHARACTERS} characters.`);
    const result = await server.ask(reference, { question });
    if (result === "unable")
      return showRequest(reply, session, found, "The agent answers no more questions.");
    if (result !== "done") return notDone(reply, session, reference, result);
    await keepOpened(reference, { userId: session.user.id, ...found.opened, asked: { question, version } });
    await server.answered(reference, ANSWER_SECONDS);
    return noStore(reply).redirect(at(`/requests/${reference}`), 303);
  }

  async function notDone(
    reply: FastifyReply,
    session: BrowserSession,
    reference: string,
    result: PageResult,
  ): Promise<FastifyReply> {
    if (result === "other_person") {
      const text = "The agent acts for another user, and an agent acts for one user only.";
      return sendMessage(reply, { status: 403, title: "This agent is not yours", text });
    }
    const found = await requestFor(session, reference);
    if (found === undefined) return sendEnded(reply);
    return showRequest(reply, session, found, "The request has changed since you have seen it. Look again.");
  }

  /** Back to the agent where its provider has published the address. Otherwise a page that says so. */
  async function leave(
    reply: FastifyReply,
    { waiting, opened: known }: Found,
    message: { title: string; text: string; error?: string },
  ): Promise<FastifyReply> {
    if (known !== undefined) await opened.delete(openedBy(known.userId, waiting.reference));
    const callback = await callbackOf(waiting, known);
    if (callback === undefined) {
      const text = `${message.text} You can close this page.`;
      return sendMessage(reply, { ...message, status: 200, text, link: [grantedUrl, words.granted] });
    }
    const url = new URL(browserUrl(callback));
    if (message.error !== undefined) url.searchParams.set("error", message.error);
    return noStore(reply).header("referrer-policy", "no-referrer").redirect(url.href, 303);
  }

  async function callbackOf(
    { request }: WaitingRequest,
    known: OpenedRequest | undefined,
  ): Promise<string | undefined> {
    const callback = known?.callback;
    // hole T39a
    return callback !== undefined && (await server.mayReturnTo(request.agent, callback))
      ? callback
      : undefined;
  }

  function keepOpened(reference: string, request: OpenedRequest): Promise<void> {
    return opened.put(request.userId, openedBy(request.userId, reference), request, options.pendingSeconds);
  }

  /** Where the user has come from is the way on, if there is no other. */
  async function sendInstead(reply: FastifyReply, { waiting, opened: known }: Found, message: Message) {
    const callback = await callbackOf(waiting, known);
    if (callback === undefined) return sendMessage(reply, message);
    const back = [browserUrl(callback), `Go back to ${new URL(callback).host}`] as const;
    return sendMessage(reply, { link: back, ...message });
  }

  // ---------------------------------------------------------------------------------------- what has been granted

  async function showGranted(
    reply: FastifyReply,
    session: BrowserSession,
    notice?: { text: string; isProblem: boolean },
  ): Promise<FastifyReply> {
    const { user } = session;
    const refusal = desk.refuses?.(user);
    if (refusal !== undefined) return sendMessage(reply, refusal);
    const page = grantedPage({
      ...{ realmName, userName: user.username, action: grantedUrl, notice },
      ...{ title: words.granted, nothing: words.nothingGranted },
      requestPath: at("/requests/"),
      consentCode: await issueForm(session),
      tokens: await desk.granted(user),
      waiting: await desk.waiting(user),
    });
    return sendPage(reply, 200, page);
  }

  // ------------------------------------------------------------------------------------------------------- common

  async function signedIn(request: FastifyRequest, reply: FastifyReply): Promise<BrowserSession | undefined> {
    const session = await readSession(request, reply);
    if (session !== undefined) return session;
    const state = writeReturn(request.originalUrl.slice(desk.path.length));
    await noStore(reply).redirect(signInUrl({ issuer, paths, returnTo: desk.loginReturn, state }), 303);
    return undefined;
  }

  function issueForm(
    { id, user }: BrowserSession,
    of: { reference?: string; version?: number } = {},
  ): Promise<string> {
    return forms.issue({ sessionId: id, userId: user.id, ...of }, FORM_SECONDS);
  }

  async function takeForm(request: FastifyRequest, reply: FastifyReply, form: ReadonlyMap<string, string>) {
    const shown = await forms.take(requiredParameter(form, "consent_code")); // hole T37a
    if (shown === undefined) throw invalidRequest("Invalid or expired consent code");
    const session = await readSession(request, reply);
    // hole T37
    if (session === undefined || session.id !== shown.sessionId || session.user.id !== shown.userId)
      throw invalidRequest("User session not found or expired");
    return { session, shown };
  }

  function moveTo(reply: FastifyReply, path: string, query: Query, names: readonly string[]): FastifyReply {
    const url = new URL(at(path), issuer);
    for (const name of names) {
      const value = single(query, name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return noStore(reply).header("referrer-policy", "no-referrer").redirect(url.href, 303);
  }

  function sendEnded(reply: FastifyReply): FastifyReply {
    const text = `It was decided, took too long, or is another user's. ${words.agent} can ask again.`;
    return sendMessage(reply, { status: 404, title: "There is no such request", text });
  }

  function sendMessage(reply: FastifyReply, { status, ...message }: Message): FastifyReply {
    return sendPage(reply, status, messagePage(realm, message));
  }
}

/** A person and an owner may be at one request, each with a way back of their own. */
const openedBy = (userId: string, reference: string) => `${userId} ${reference}`;

const facts = ({ request: { agent, resource, scopes } }: WaitingRequest) => ({
  agent: agent.sub,
  provider: agent.iss,
  resource,
  scope: scopes.join(" "),
});
