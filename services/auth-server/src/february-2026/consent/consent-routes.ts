import type { Discovery, Stores } from "aauth";
import { digestOf } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  acceptFormsOnly,
  agentAllowed,
  createSingleUseForms,
  invalidRequest,
  messagePage,
  noStore,
  originsOf,
  type Query,
  readForm,
  requireShort,
  scopesAllowed,
  scopesIn,
  sendPage,
  single,
} from "issuer-kit";
import type { OidcPaths } from "../../oidc/oidc-paths.ts";
import type { BrowserSession, ReadSession } from "../../oidc/read-session.ts";
import { signInUrl } from "../../oidc/sign-in-url.ts";
import { siteOf } from "../../realm/realm.ts";
import type { RealmState } from "../../realm/realm-state.ts";
import { CODE_LIFETIME_SECONDS, type ConsentRequest, type Grants } from "../grants.ts";
import { consentPage } from "../pages/consent-page.ts";
import type { ConsentMemory } from "./consent-memory.ts";
import { describeRequest } from "./describe-request.ts";

/** A request found by the token that a browser sent. */
interface FoundRequest {
  readonly requestToken: string;
  readonly consent: ConsentRequest;
  readonly state: string | undefined;
}

/** A consent page that awaits its decision. */
interface ShownConsent {
  readonly requestToken: string;
  readonly state?: string;
}

/**
 * Asks the user for consent (profile 6.5). `GET agent/auth` shows the page, after a sign-in if
 * needed. `POST agent/auth/consent` accepts the decision, which uses up the request token; any
 * attempt uses up the page's consent code. The browser is only sent to an address that was verified
 * when the request was made; earlier errors are shown as pages.
 */
export async function consentRoutes(
  app: FastifyInstance,
  options: {
    issuer: string;
    paths: OidcPaths;
    state: RealmState;
    discovery: Discovery;
    grants: Grants;
    stores: Pick<Stores, "records">;
    memory: ConsentMemory;
    readSession: ReadSession;
    /** Seconds a page awaits its decision. */
    consentSeconds: number;
    logger: FastifyBaseLogger;
  },
): Promise<void> {
  const { issuer, paths, state: realmState, discovery, grants, memory, readSession } = options;
  const { consentSeconds, logger } = options;
  const { realm } = realmState;
  const site = siteOf(realm);
  const webOrigins = realm.clients.flatMap((client) => client.webOrigins);
  const authPath = `${paths.base}/protocol/aauth/agent/auth`;

  const decisionPath = `${authPath}/consent`;

  acceptFormsOnly(app, site, ({ url }) => url.replace(decisionPath, authPath));
  const forms = createSingleUseForms<BrowserSession, ShownConsent>({
    readSession,
    personOf: ({ user }) => user.id,
    store: options.stores.records("consent forms"),
    lifetimeSeconds: consentSeconds,
  });

  const answered = options.stores.records<true>("answered consents");
  const answerKey = ({ user }: BrowserSession, token: string) => digestOf(`${user.id} ${token}`);

  /** For a browser that goes back to the page. The decision is valid without it. */
  async function keepAnswer(session: BrowserSession, token: string): Promise<void> {
    const terms = { owner: session.user.id, ttlSeconds: consentSeconds };
    try {
      await answered.put(answerKey(session, token), true, terms);
    } catch (err) {
      logger.warn({ err }, "An answer could not be remembered");
    }
  }

  async function isAnswered(request: FastifyRequest, reply: FastifyReply, query: Query): Promise<boolean> {
    const token = single(query, "request_token");
    if (!token || (await grants.consentRequests.find(token)) !== undefined) return false;
    const session = await readSession(request, reply);
    return session !== undefined && (await answered.get(answerKey(session, token))) === true;
  }

  app.get<{ Querystring: Query }>(authPath, async (request, reply) => {
    if (await isAnswered(request, reply, request.query)) {
      // The error is that of Keycloak's provider, for the agent's developer.
      const text = "Go back to the application. (Invalid or expired request_token)";
      return sendPage(reply, 400, messagePage(site, { title: "You have already answered", text }));
    }
    const { requestToken, consent, state } = await readRequest(request.query);
    const session = await readSession(request, reply);
    if (session === undefined) {
      const fromAddress = consent.state === undefined ? state : undefined;
      const signIn = signInUrl({ issuer, paths, state: signInState(requestToken, fromAddress) });
      return reply.redirect(signIn, 303);
    }
    if (single(request.query, "prompt") !== "consent" && (await memory.covers(session, consent))) {
      // The user has not agreed to anything new, so the remembered consent is not extended.
      return returnCode(reply, { requestToken, consent, state }, session);
    }
    const fromPage = state === undefined ? {} : { state };
    const consentCode = await forms.issue(session, { requestToken, ...fromPage });
    const again = new URLSearchParams({ request_token: requestToken, ...fromPage });
    // A consent in another tab does not override a user who may just have denied.
    again.set("prompt", "consent"); // hole V59
    const page = consentPage({
      site,
      description: await describeRequest(consent, discovery),
      userName: session.user.username,
      // The query leads back to this page if the decision cannot be accepted now.
      action: `${decisionPath}?${again}`,
      consentCode,
      rememberedSeconds: memory.lifetimeSeconds(),
      // The agent redirects the browser to its front end, which is one of the realm's clients. Both
      // come from verified metadata and configuration, never from the request.
      formOrigins: originsOf(consent.redirectUri, ...webOrigins),
    });
    return sendPage(reply, 200, page);
  });

  // End of the sign-in. Only its session is needed; its code is not redeemed.
  app.get<{ Querystring: Query }>(paths.consentLoginReturn, async (request, reply) => {
    if ((await readSession(request, reply)) === undefined)
      throw invalidRequest("User session not found or expired");
    // A user who has just signed in always sees the page. A consent remembered from another tab
    // would redirect straight to the agent, which the login form's `form-action` does not allow:
    // Chromium would silently block it.
    const parameters = { ...readSignInState(single(request.query, "state") ?? ""), prompt: "consent" };
    return reply.redirect(`${authPath}?${new URLSearchParams(parameters)}`, 303);
  });

  app.post<{ Body: Query | undefined }>(decisionPath, async (request, reply) => {
    requireEnabled();
    // Must precede anything that is used up.
    const form = readForm(request.body);
    const { session, value: page } = await forms.take(request, reply, form);
    const { requestToken, state } = page;
    if (form.has("accept") && !form.has("cancel")) {
      const consent = await grants.consentRequests.find(requestToken);
      if (consent === undefined) throw invalidRequest("Request token expired");
      return returnCode(reply, { requestToken, consent, state }, session, { remembers: true });
    }
    const consent = await takeRequest(requestToken);
    await keepAnswer(session, requestToken);
    logger.info({ agent: consent.agent, resource: consent.resource }, "Consent denied by the user");
    return redirect(reply, consent, state, {
      error: "access_denied",
      error_description: "User denied the authorization request",
    });
  });

  function requireEnabled(): void {
    if (!realmState.policy().enabled) throw invalidRequest("AAuth protocol is not enabled for this realm");
  }

  async function readRequest(query: Query): Promise<FoundRequest> {
    requireEnabled();
    const requestToken = single(query, "request_token");
    if (!requestToken) throw invalidRequest("Missing required parameter: request_token");
    const consent = await grants.consentRequests.find(requestToken);
    if (consent === undefined) throw invalidRequest("Invalid or expired request_token");
    const redirectUri = single(query, "redirect_uri");
    // hole J10
    if (redirectUri !== undefined && redirectUri !== consent.redirectUri)
      throw invalidRequest("redirect_uri mismatch");
    // The agent's signed request determines the state; the query only applies if it had none (hole
    // J12).
    const state = consent.state ?? single(query, "state"); // hole J12: single(query, "state")
    const found = { requestToken, consent, state };
    requireShort("state", found.state);
    return found;
  }

  /** The policy may have changed while the page was open. */
  function stillAllowed({ agent, scope }: ConsentRequest): boolean {
    const policy = realmState.policy();
    return agentAllowed(policy, agent) && scopesAllowed(policy, scopesIn(scope));
  }

  /**
   * Returns to the agent with a code for what was agreed to. The request token is used up last, so
   * that the user can decide again if a store fails in between. The consent is remembered only
   * after that, so that it cannot override an earlier denial. If that fails, the user is asked
   * again next time.
   */
  async function returnCode(
    reply: FastifyReply,
    { requestToken, consent, state }: FoundRequest,
    session: BrowserSession,
    { remembers = false } = {},
  ): Promise<FastifyReply> {
    if (!stillAllowed(consent)) {
      await takeRequest(requestToken);
      return redirect(reply, consent, state, {
        error: "access_denied",
        error_description: "Authorization denied",
      });
    }
    const code = await grants.codes.issue({ ...consent, subject: session.user.id }, CODE_LIFETIME_SECONDS);
    await takeRequest(requestToken);
    if (remembers) {
      await keepAnswer(session, requestToken);
      const failed = (err: unknown) => logger.warn({ err }, "A consent could not be remembered");
      await memory.remember(session, consent).catch(failed);
    }
    logger.info(
      { agent: consent.agent, resource: consent.resource, scope: consent.scope },
      "Consent given by the user",
    );
    return redirect(reply, consent, state, { code });
  }

  async function takeRequest(requestToken: string): Promise<ConsentRequest> {
    // hole J13: await grants.consentRequests.find(requestToken)
    const consent = await grants.consentRequests.take(requestToken);
    if (consent === undefined) throw invalidRequest("Request token expired");
    return consent;
  }
}

/**
 * Carries the consent page's parameters through the sign-in. In base64url, because percent-encoding
 * could triple the length.
 */
function signInState(requestToken: string, state: string | undefined): string {
  const text = state === undefined ? requestToken : `${requestToken} ${state}`;
  return Buffer.from(text).toString("base64url");
}

function readSignInState(text: string): { request_token: string; state?: string } {
  // A request token contains no space.
  const [token = "", ...state] = Buffer.from(text, "base64url").toString("utf8").split(" ");
  return { request_token: token, ...(state.length > 0 && { state: state.join(" ") }) };
}

function redirect(
  reply: FastifyReply,
  { redirectUri }: ConsentRequest,
  state: string | undefined,
  parameters: Readonly<Record<string, string>>,
): FastifyReply {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  if (state !== undefined) url.searchParams.set("state", state);
  return noStore(reply).header("referrer-policy", "no-referrer").redirect(url.href, 303);
}
