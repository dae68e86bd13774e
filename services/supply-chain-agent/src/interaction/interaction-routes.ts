import { hash } from "node:crypto";
import { AAuthError, StoreFullError, StoreUnavailableError } from "aauth";
import { digestOf, newSecret } from "agent-kit/service";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { TooManyCodesError } from "../orders/held-orders.ts";
import { type IdentifyPerson, TooManySignInsError } from "./identify-person.ts";
import {
  type Decision,
  INTERACTION_SECONDS,
  type Interaction,
  type Interactions,
  isSame,
} from "./interactions.ts";
import { approvalPage, decidedPage, type Fact, type Page, problemPage, sendPage } from "./pages.ts";

/**
 * Differences between the profiles: who visits, where they may go afterwards, and who is notified
 * of the decision.
 */
export interface InteractionWire {
  /** Path of the page, above those of its parts. */
  readonly path: string;
  /** Origin of the page for browsers. */
  readonly origin: string;
  /** Whether a refused sign-in declines the order, so that an unknown person can do so. */
  readonly declinesUnsigned: boolean;
  /**
   * Identifies the visit by its query.
   *
   * @param from address of the browser
   * @throws TooManyCodesError
   */
  enter(parameter: (name: string) => string | undefined, from: string): Promise<Entry>;
  /** The verified return URL, if any. `refused`: the interaction must not continue. */
  mayReturnTo(
    interaction: Interaction,
    returnUrl: string | undefined,
  ): Promise<string | undefined | "refused">;
  /** URL for the browser after the decision. */
  sentTo(interaction: Interaction, decision: Decision): Promise<string | undefined>;
  /**
   * Notifies the caller of a decision once; false if it no longer waits. Default: the caller
   * repeats its request itself.
   */
  settle?(interaction: Interaction, decision: Decision): Promise<boolean>;
  /** Facts about who ordered, for the page. */
  orderedBy(interaction: Interaction): Promise<readonly Fact[]>;
}

/** A browser's visit to the page. */
export interface Entry {
  readonly session: string;
  readonly returnUrl: string | undefined;
}

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const PUBLIC = { config: { aauth: "public" } } as const;
const UNKNOWN =
  "It has been decided, has been used, or is more than ten minutes old. Go back to the application and start again.";
const OTHER_BROWSER = "It was started in another browser. Go back to the application and start again.";
const TOO_OFTEN =
  "You have been sent to the auth server too many times. Go back to the application and start again in ten minutes.";
const TOO_MANY_CODES = "Too many wrong codes were tried. Go back to the application and open its link again.";
const FULL = "Too many orders are waiting for approval. Reload this page in a few minutes.";
const AWAY = "This agent's storage is unavailable. Reload this page in a few minutes.";
const MAX_FORM_BYTES = 4_096;

interface PageContext {
  readonly wire: InteractionWire;
  readonly interactions: Interactions;
  readonly identify: IdentifyPerson;
  readonly log: FastifyBaseLogger;
}

type PageRequest = FastifyRequest<{ Querystring: Query }>;

/**
 * The pages of an interaction (profile 3.5; draft -11, section 7.3). An agent sends its user to the
 * first; the auth server identifies the user and sends them to `callback`, which redirects to the
 * first; `decision` accepts the answer. An interaction belongs to the browser that came first and
 * to the person that the order names, and only returns to an address that the agent has published.
 */
export async function interactionRoutes(app: FastifyInstance, context: PageContext): Promise<void> {
  const { path } = context.wire;
  app.setErrorHandler((error, _request, reply) => refuseFailure(error, reply, context));
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: MAX_FORM_BYTES },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  app.get<{ Querystring: Query }>(path, PUBLIC, (request, reply) => showInteraction(request, reply, context));
  app.get<{ Querystring: Query }>(`${path}/callback`, PUBLIC, (request, reply) =>
    takePerson(request, reply, context),
  );
  app.post(`${path}/decision`, PUBLIC, (request, reply) => takeDecision(request, reply, context));
}

function refuseFailure(error: unknown, reply: FastifyReply, { log }: PageContext): FastifyReply {
  if (error instanceof TooManySignInsError) return refuse(reply, 429, TOO_OFTEN);
  if (error instanceof TooManyCodesError) return refuse(reply, 429, TOO_MANY_CODES);
  if (error instanceof StoreFullError) return refuse(reply, 503, FULL);
  if (error instanceof StoreUnavailableError) return refuse(reply, error.status, AWAY);
  if (!(error instanceof AAuthError)) throw error;
  log.warn({ err: error, code: error.code }, "❌ The auth server did not identify the person");
  return refuse(
    reply,
    502,
    "The auth server did not identify you. Go back to the application and start again.",
  );
}

async function showInteraction(
  request: PageRequest,
  reply: FastifyReply,
  context: PageContext,
): Promise<FastifyReply> {
  const { wire, interactions, identify } = context;
  const { session, returnUrl: claimed } = await wire.enter((name) => single(request.query[name]), request.ip);
  const asked = await interactions.find(session);
  if (asked === undefined || asked.decision !== undefined)
    return showOver(request, reply, { session, returnUrl: claimed, context });
  const returnUrl = await wire.mayReturnTo(asked, claimed);
  if (returnUrl === "refused") {
    return refuse(reply, 400, "The agent has not published this return address.");
  }
  // Checked again, because another browser may have arrived meanwhile.
  const interaction = await interactions.find(session);
  if (interaction === undefined || interaction.decision !== undefined)
    return showOver(request, reply, { session, returnUrl: claimed, context });
  if (interaction.browser === undefined) {
    const cookie = newSecret();
    const first = await interactions.note(session, { browser: digestOf(cookie), returnUrl });
    if (first === undefined) return refuse(reply, 403, OTHER_BROWSER);
    const secure = wire.origin.startsWith("https:") ? "; Secure" : "";
    reply.header(
      "set-cookie",
      `${cookieName(interaction)}=${cookie}; Path=${wire.path}; Max-Age=${INTERACTION_SECONDS}; HttpOnly; SameSite=Lax${secure}`,
    );
  } else if (!isFrom(request, interaction)) {
    return refuse(reply, 403, OTHER_BROWSER);
  }
  if (interaction.person !== undefined)
    return sendPage(reply, await decisionPage(session, returnUrl, context));
  return noStore(reply).redirect(await identify.begin(interaction), 303);
}

async function takePerson(
  request: PageRequest,
  reply: FastifyReply,
  context: PageContext,
): Promise<FastifyReply> {
  const { wire, interactions, identify, log } = context;
  const { query } = request;
  const signIn = await identify.takeSignIn(single(query.state));
  const interaction = await interactions.find(signIn?.interactionId ?? "");
  if (signIn === undefined || interaction === undefined || interaction.decision !== undefined)
    return showOver(request, reply, { session: signIn?.interactionId ?? "", context });
  if (!isFrom(request, interaction)) return refuse(reply, 403, OTHER_BROWSER);
  if (wire.declinesUnsigned && single(query.code) === undefined)
    return sendPage(reply, await decide(interaction, "declined", context));
  const person = await identify.finish(new URL(request.originalUrl, wire.origin), signIn);
  if (person.subject !== interaction.order.approver) {
    log.warn(factsOf(interaction), "❌ The visitor is not the person who must approve");
    const text =
      "You are not the person who must approve this order. Sign out at the auth server, or ask that person.";
    return refuse(reply, 403, text);
  }
  const noted = await interactions.note(interaction.id, { person });
  if (noted === undefined) return showOver(request, reply, { session: interaction.id, context });
  // Redirects instead of showing the page, because this URL works once but a page can be reloaded.
  const address = new URLSearchParams({ session: noted.id, ...back(noted.returnUrl) });
  return noStore(reply).redirect(`${wire.path}?${address}`, 303);
}

async function takeDecision(
  request: FastifyRequest,
  reply: FastifyReply,
  context: PageContext,
): Promise<FastifyReply> {
  const { interactions } = context;
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  const session = form.get("session") ?? "";
  const interaction = await interactions.find(session);
  if (interaction?.person === undefined || interaction.decision !== undefined)
    return showOver(request, reply, { session, returnUrl: form.get("return_url") ?? undefined, context });
  if (!isFrom(request, interaction)) return refuse(reply, 403, OTHER_BROWSER);
  const { formToken } = interaction;
  if (formToken === undefined || !isSame(form.get("form_token") ?? "", digestOf(formToken))) {
    return refuse(reply, 400, "This form is outdated. Reload the page.");
  }
  const decision = form.getAll("decision").join();
  if (decision !== "approve" && decision !== "decline")
    return refuse(reply, 400, "The form contains no decision.");
  return sendPage(
    reply,
    await decide(interaction, decision === "approve" ? "approved" : "declined", context),
  );
}

/** Records a decision, once, before acting on it. */
async function decide(interaction: Interaction, decision: Decision, context: PageContext): Promise<Page> {
  const { wire, interactions } = context;
  const decided = await interactions.note(interaction.id, { decision });
  if (decided === undefined || (wire.settle && !(await wire.settle(decided, decision))))
    return problemPage(400, UNKNOWN, interaction.returnUrl);
  return showDecided(decided, decision, context);
}

async function showDecided(
  interaction: Interaction,
  decision: Decision,
  { wire, log }: PageContext,
): Promise<Page> {
  log.info(factsOf(interaction), `🔐 Order ${decision} by the person`);
  return decidedPage(decision, await wire.sentTo(interaction, decision));
}

/**
 * Answers a visit after the end. Only the interaction's browser, or a request with its return URL,
 * receives a link back. For its browser, a recorded decision that a store outage left unsettled is
 * settled now.
 */
async function showOver(
  request: FastifyRequest,
  reply: FastifyReply,
  options: { session: string; returnUrl?: string | undefined; context: PageContext },
): Promise<FastifyReply> {
  const { session, returnUrl, context } = options;
  const over = await context.interactions.findOver(session);
  if (over === undefined) return sendPage(reply, problemPage(400, UNKNOWN));
  const { decision } = over;
  const isOwn = isFrom(request, over);
  // hole V55
  if (isOwn && decision !== undefined && (await context.wire.settle?.(over, decision)))
    return sendPage(reply, await showDecided(over, decision, context));
  const isShown = isOwn || over.returnUrl === returnUrl;
  return sendPage(reply, problemPage(400, UNKNOWN, isShown ? over.returnUrl : undefined));
}

/** @param returnUrl the interaction's return URL */
async function decisionPage(
  session: string,
  returnUrl: string | undefined,
  { wire, interactions }: PageContext,
): Promise<Page> {
  const formToken = newSecret();
  const interaction = await interactions.note(session, { formToken });
  if (interaction?.person === undefined) return problemPage(400, UNKNOWN, returnUrl);
  const { order, person } = interaction;
  const orderedBy = await wire.orderedBy(interaction);
  return approvalPage({
    action: `${wire.path}/decision`,
    orderedBy,
    order,
    person,
    session,
    formToken,
    returnUrl,
  });
}

const back = (returnUrl: string | undefined) => (returnUrl === undefined ? {} : { return_url: returnUrl });

/** Facts for the log. */
function factsOf({ by, order: { total } }: Interaction) {
  return { ...("agent" in by && { agent: by.agent }), total };
}

/** Each interaction has its own cookie, so that concurrent ones do not end each other. */
function cookieName({ id }: Pick<Interaction, "id">): string {
  return `interaction_${hash("sha256", id, "hex").slice(0, 16)}`;
}

function isFrom(request: FastifyRequest, interaction: Pick<Interaction, "id" | "browser">): boolean {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim().split("=", 2));
  const value = pairs.find(([name]) => name === cookieName(interaction))?.[1];
  return isSame(value, interaction.browser);
}

/** Reads a parameter that may appear only once. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
  return sendPage(reply, problemPage(status, text));
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store").header("referrer-policy", "no-referrer");
}
