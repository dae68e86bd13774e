import type { AskedRequest, PageResult, PersonServer, WaitingRequest } from "aauth/issuer";
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
import { requireShort } from "../parameters.ts";
import { type Realm, type RealmUser, shownName } from "../realm/realm.ts";
import { createSecrets } from "../secrets.ts";
import type { CreateStore } from "../store.ts";
import { readReturn, writeReturn } from "./return-state.ts";

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

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** How long a question's answer is waited for before the page is shown without it. */
const ANSWER_MS = 4_000;
const LOOK_MS = 200;
const FORM_SECONDS = 600;
const MAX_QUESTION_CHARACTERS = 500;

const DENIED = {
  title: "You have denied it",
  text: "Your agent gets nothing.",
  log: "Request denied by the person",
};
const NOT_GRANTED = {
  title: "This is not granted here any more",
  text: "The rules of this server have changed while the page was open. Your agent gets nothing.",
  log: "Request denied by policy, after the person has allowed it",
};

/**
 * Where users meet the person server (draft -11, sections 7.2.3, 7.3 and 7.5): they come with an agent's code, sign in, see what is asked, and allow, deny or
 * ask back; a list shows what they have granted, and takes it back. A decision is a form with a value that is good once, from the user and the browser
 * session that it was shown to. The browser is sent only to addresses that the agent's provider has published.
 */
export async function personPages(
  app: FastifyInstance,
  options: {
    server: PersonServer;
    issuer: string;
    paths: OidcPaths;
    realm: Realm;
    readSession: ReadSession;
    createStore: CreateStore;
    /** How long a request waits, in seconds. */
    pendingSeconds: number;
    /** What a browser opens for a URL of one of the parties. */
    browserUrl: (url: string) => string;
    /** Whether the realm's policy still admits a request, which may have changed while the page was open. */
    isAllowed: (request: AskedRequest) => boolean;
    logger: FastifyBaseLogger;
  },
): Promise<void> {
  const { server, issuer, paths, realm, readSession, createStore, browserUrl, logger } = options;
  const realmName = shownName(realm);
  const at = (path: string) => `${paths.person}${path}`;
  const grantedUrl = at("/granted");
  // The callback leads to the agent's own front end, which is one of the realm's clients.
  const webOrigins = realm.clients.flatMap((client) => client.webOrigins);
  const forms = createSecrets(createStore<ShownForm>(), ({ userId }) => userId);
  const opened = createStore<OpenedRequest>();

  // A decision is a form: no other body that a script could send is parsed.
  app.removeContentTypeParser(["application/json", "text/plain"]);
  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof OAuthError)) throw error;
    return sendRefusal(request, reply, error, realm);
  });

  // Under the person server's own name there is no session: its cookie is the issuer's.
  app.get<{ Querystring: Query }>("/interaction", async ({ query }, reply) =>
    moveTo(reply, "/interaction", query, ["code", "callback"]),
  );
  app.get<{ Params: { callback: string }; Querystring: Query }>(
    "/interaction/returned/:callback",
    async ({ params, query }, reply) =>
      moveTo(reply, `/returned/${encodeURIComponent(params.callback)}`, query, ["error"]),
  );

  // The sign-in ends here. Its code is not redeemed; the session is what counts.
  app.get<{ Querystring: Query }>(paths.personLoginReturn, async (request, reply) => {
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
    const page = { realmName, action: at("/interaction"), grantedUrl };
    if (code === undefined) return sendPage(reply, 200, codePage(page));
    const waiting = await server.open(code, session.user.id);
    if (waiting === undefined) {
      const problem = "This code is not valid, or not any more. Ask your agent for a new one.";
      return sendPage(reply, 410, codePage({ ...page, problem }));
    }
    const { reference } = waiting;
    await keepOpened(reference, { userId: session.user.id, ...(callback !== undefined && { callback }) });
    return noStore(reply).redirect(at(`/requests/${reference}`), 303);
  });

  app.get<{ Params: { callback: string }; Querystring: Query }>(
    at("/returned/:callback"),
    async (request, reply) => {
      if ((await signedIn(request, reply)) === undefined) return reply;
      const waiting = await server.returned(request.params.callback, single(request.query, "error"));
      if (waiting === undefined) return sendEnded(reply);
      return noStore(reply).redirect(at(`/requests/${waiting.reference}`), 303);
    },
  );

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
      if (shown.reference !== reference) throw invalidRequest("Invalid or expired consent code");
      const found = await requestFor(session, reference);
      if (found === undefined) return sendEnded(reply);
      if (form.has("cancel")) return deny(reply, session, found);
      if (form.has("ask")) return ask(reply, session, found, form.get("question") ?? "");
      if (!form.has("accept")) throw invalidRequest("Missing required parameter: accept");
      if (namesAnotherUser(found.waiting, session.user)) return showRequest(reply, session, found);
      if (!options.isAllowed(found.waiting.request)) return deny(reply, session, found, NOT_GRANTED);
      const decision = { person: session.user.id, version: shown.version as number };
      const result = await server.approve(reference, decision);
      if (result !== "done") return notDone(reply, session, reference, result);
      logger.info(facts(found.waiting), "Request allowed by the person");
      return leave(reply, found, { title: "You have allowed it", text: "Your agent goes on by itself." });
    },
  );

  app.get(grantedUrl, async (request, reply) => {
    const session = await signedIn(request, reply);
    return session === undefined ? reply : showGranted(reply, session);
  });

  app.post<{ Body: Query | undefined }>(grantedUrl, async (request, reply) => {
    const form = readForm(request.body);
    const { session, shown } = await takeForm(request, reply, form);
    if (shown.reference !== undefined) throw invalidRequest("Invalid or expired consent code");
    const agent = { iss: form.get("provider") ?? "", sub: form.get("agent") ?? "" };
    const results = await server.revokeAgent(session.user.id, agent);
    if (results === undefined) return showGranted(reply, session);
    logger.info({ agent: agent.sub, provider: agent.iss }, "Agent revoked by the person");
    const failed = results.filter(({ error }) => error !== undefined).map(({ recipient }) => recipient);
    return showGranted(reply, session, {
      isProblem: failed.length > 0,
      text:
        failed.length === 0
          ? `${agent.sub} can no longer act for you.`
          : `${agent.sub} gets nothing more, but could not be revoked at ${[...new Set(failed)].join(", ")}. Tokens that were shown there may work until they expire.`,
    });
  });

  // ---------------------------------------------------------------------------------------------- one request

  interface Found {
    readonly waiting: WaitingRequest;
    readonly opened: OpenedRequest | undefined;
  }

  /** A request of this user: their agent's, or one that they have come to with its code. To any other user it does not exist. */
  async function requestFor(session: BrowserSession, reference: string): Promise<Found | undefined> {
    const waiting = await server.find(reference);
    const known = await opened.get(reference);
    const own = known?.userId === session.user.id ? known : undefined;
    const person = waiting?.request.person;
    if (waiting === undefined || (person === undefined ? own === undefined : person !== session.user.id))
      return undefined;
    return { waiting, opened: own };
  }

  async function showRequest(
    reply: FastifyReply,
    session: BrowserSession,
    { waiting, opened: known }: Found,
    notice?: string,
  ): Promise<FastifyReply> {
    const { reference, version, request, first } = waiting;
    if (namesAnotherUser(waiting, session.user)) {
      await server.abandon(reference);
      const text = `Your agent asks for another user than ${session.user.username}. Sign in as that user, and start again.`;
      return sendMessage(reply, 403, { title: "This request is not for you", text });
    }
    if (first !== undefined) {
      const host = new URL(first).host;
      const text = `${request.resource} wants you to act at its own page first.`;
      return sendMessage(reply, 200, { title: "First, the resource", text }, [
        browserUrl(first),
        `Go on to ${host}`,
      ]);
    }
    const callback = await callbackOf(waiting, known);
    const page = personRequestPage({
      ...{ realmName, request, grantedUrl, notice },
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
    message = DENIED,
  ): Promise<FastifyReply> {
    const { reference } = found.waiting;
    const result = await server.deny(reference, { person: session.user.id });
    if (result !== "done") return notDone(reply, session, reference, result);
    logger.info(facts(found.waiting), message.log);
    return leave(reply, found, { ...message, error: "access_denied" });
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
    const until = performance.now() + ANSWER_MS;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if ((await server.find(reference))?.version !== version) break;
    }
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
      return sendMessage(reply, 403, { title: "This agent is not yours", text });
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
    await opened.delete(waiting.reference);
    const callback = await callbackOf(waiting, known);
    if (callback === undefined) {
      const text = `${message.text} You can close this page.`;
      return sendMessage(reply, 200, { ...message, text }, [grantedUrl, "What you have granted"]);
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
    return callback !== undefined && (await server.mayReturnTo(request.agent, callback))
      ? callback
      : undefined;
  }

  const keepOpened = (reference: string, request: OpenedRequest) =>
    opened.put(request.userId, reference, request, options.pendingSeconds);

  /** A hint decides nothing but that: an agent without a person is not given to a user that it does not ask for. */
  function namesAnotherUser({ request }: WaitingRequest, user: RealmUser): boolean {
    const hint = request.fromResource.loginHint ?? request.fromAgent.loginHint;
    if (hint === undefined || request.person !== undefined) return false;
    const isFor = ({ id, username, email }: RealmUser) =>
      [id, username, email].some((name) => name?.toLowerCase() === hint.toLowerCase());
    return !isFor(user) && realm.users.some(isFor);
  }

  // ---------------------------------------------------------------------------------------- what has been granted

  async function showGranted(
    reply: FastifyReply,
    session: BrowserSession,
    notice?: { text: string; isProblem: boolean },
  ): Promise<FastifyReply> {
    const { id, username } = session.user;
    const page = grantedPage({
      ...{ realmName, userName: username, action: grantedUrl, notice },
      requestPath: at("/requests/"),
      consentCode: await issueForm(session),
      tokens: (await server.grants(id)).filter(({ isRevoked }) => !isRevoked),
      waiting: await server.waiting(id),
    });
    return sendPage(reply, 200, page);
  }

  // ------------------------------------------------------------------------------------------------------- common

  /** Where no user has signed in, the reply goes to the sign-in and comes back. */
  async function signedIn(request: FastifyRequest, reply: FastifyReply): Promise<BrowserSession | undefined> {
    const session = await readSession(request, reply);
    if (session !== undefined) return session;
    const state = writeReturn(request.originalUrl.slice(paths.person.length));
    await noStore(reply).redirect(
      signInUrl({ issuer, paths, returnTo: paths.personLoginReturn, state }),
      303,
    );
    return undefined;
  }

  const issueForm = ({ id, user }: BrowserSession, of: { reference?: string; version?: number } = {}) =>
    forms.issue({ sessionId: id, userId: user.id, ...of }, FORM_SECONDS);

  async function takeForm(request: FastifyRequest, reply: FastifyReply, form: ReadonlyMap<string, string>) {
    const consentCode = form.get("consent_code");
    if (!consentCode) throw invalidRequest("Missing required parameter: consent_code");
    const shown = await forms.take(consentCode);
    if (shown === undefined) throw invalidRequest("Invalid or expired consent code");
    const session = await readSession(request, reply);
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
    const text = "It was decided, took too long, or is another user's. Your agent can ask again.";
    return sendMessage(reply, 404, { title: "There is no such request", text });
  }

  function sendMessage(
    reply: FastifyReply,
    status: number,
    message: { title: string; text: string },
    link?: readonly [href: string, name: string],
  ): FastifyReply {
    return sendPage(reply, status, messagePage(realm, { ...message, ...(link && { link }) }));
  }
}

const facts = ({ request: { agent, resource, scopes } }: WaitingRequest) => ({
  agent: agent.sub,
  provider: agent.iss,
  resource,
  scope: scopes.join(" "),
});

/** An ambiguous form is no decision. */
function readForm(body: Query | undefined): ReadonlyMap<string, string> {
  return new Map(Object.keys(body ?? {}).map((name) => [name, single(body ?? {}, name) as string]));
}

/** A parameter that may be given once. */
function single(parameters: Query, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === "string") return value;
  throw invalidRequest(`duplicated parameter: ${name}`);
}
