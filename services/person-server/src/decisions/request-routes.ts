import type { PageResult, WaitingRequest } from "aauth/server";
import type { FastifyInstance, FastifyReply } from "fastify";
import { invalidRequest, noStore, originsOf, type Query, readForm, sendPage } from "issuer-kit";
import { approvedTerms } from "../pages/mission-terms.ts";
import { personRequestPage } from "../pages/person-request-page.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import type { DeciderContext } from "./decider-context.ts";
import type { Found } from "./opened-requests.ts";
import { sendInstead } from "./send-instead.ts";

/** Longest wait for the answer to a question, after which the page is shown without it. */
const ANSWER_SECONDS = 4;
const MAX_QUESTION_CHARACTERS = 500;

interface RequestRoute {
  Params: { reference: string };
  Body: Query | undefined;
}

/** A request shown on a page, and the browser that shows it. */
interface Visit {
  readonly reply: FastifyReply;
  readonly session: BrowserSession;
  readonly found: Found;
}

/**
 * The page of one request: the person sees what is requested and allows it, denies it or asks a
 * question.
 */
export function requestRoutes(app: FastifyInstance, context: DeciderContext): void {
  const { decider, forms, opened, logger } = context;
  const path = context.at("/requests/:reference");

  app.get<RequestRoute>(path, async (request, reply) => {
    const session = await context.signedIn(request, reply);
    if (session === undefined) return reply;
    const { reference } = request.params;
    const found = await opened.find(session.person, reference);
    const decision = await opened.decisionOf(session.person, reference);
    if (found === undefined || decision !== undefined) return context.sendEnded(reply, decision);
    return showRequest(context, { reply, session, found });
  });

  app.post<RequestRoute>(path, async (request, reply) => {
    const form = readForm(request.body);
    const { session, value } = await forms.take(request, reply, form);
    const { reference } = request.params;
    if (value.reference !== reference) throw invalidRequest("Invalid or expired consent code"); // hole T37
    const found = await opened.find(session.person, reference);
    const decision = await opened.decisionOf(session.person, reference);
    // A denial from another tab applies as long as the request waits.
    // hole T49: decision !== undefined
    const isFinal = decision === "denied" || (decision === "allowed" && !form.has("cancel"));
    if (found === undefined || isFinal) return context.sendEnded(reply, decision);
    const visit = { reply, session, found };
    const other = await decider.instead(found.waiting, session.person);
    if (other !== undefined) return sendInstead(context, here(context, visit), other);
    if (form.has("cancel")) return deny(context, visit);
    if (form.has("ask")) return ask(context, visit, form.get("question") ?? "");
    if (!form.has("accept")) throw invalidRequest("Missing required parameter: accept");
    if (!decider.isAllowed(found.waiting.request)) return deny(context, visit, NOT_GRANTED); // hole T40
    const mission = approvedTerms(found.waiting.request, form, context.now());
    if (mission === "invalid") return showRequest(context, visit, "Choose a budget and an end.");
    const result = await decider.approve(found.waiting, session.person, value, mission);
    if (result !== "done") return notDone(context, visit, result);
    logger.info(facts(found.waiting), `Request allowed by ${decider.words.decider}`);
    await keepDecision(context, visit, "allowed");
    const text = `${decider.words.agent} continues on its own.`;
    return leave(context, visit, { title: "Request allowed", text });
  });
}

const NOT_GRANTED = {
  title: "This request can no longer be granted",
  by: "policy, after approval on the page",
};

async function showRequest(context: DeciderContext, visit: Visit, notice?: string): Promise<FastifyReply> {
  const { decider, site, browserUrl, config } = context;
  const { reply, session, found } = visit;
  const { reference, version, request } = found.waiting;
  const other = await decider.instead(found.waiting, session.person);
  if (other !== undefined) return sendInstead(context, here(context, visit), other);
  const callback = await context.opened.callbackOf(found);
  const asked = found.opened?.asked;
  const policy = decider.policyAfter?.(request);
  const page = personRequestPage({
    site,
    request,
    notice,
    policy,
    userName: session.person.name,
    grantedUrl: context.at("/granted"),
    grantedName: decider.words.granted,
    provider: await context.describeProvider(request.agent.iss),
    action: context.at(`/requests/${reference}`),
    consentCode: await context.forms.issue(session, { reference, version, chain: policy?.chain }),
    returnsTo: callback && new URL(callback).host,
    // The callback redirects to the agent's front end, which is one of the applications.
    formOrigins: callback === undefined ? [] : originsOf(browserUrl(callback), ...config.applications),
    openQuestion: asked?.version === version ? asked.question : undefined,
  });
  return sendPage(reply, 200, page);
}

async function deny(
  context: DeciderContext,
  visit: Visit,
  { title, by } = { title: "Request denied", by: context.decider.words.decider },
): Promise<FastifyReply> {
  const { decider, logger } = context;
  const { waiting } = visit.found;
  const result = await decider.deny(waiting.reference, visit.session.person);
  if (result !== "done") return notDone(context, visit, result);
  logger.info(facts(waiting), `Request denied by ${by}`);
  await keepDecision(context, visit, "denied");
  return leave(context, visit, {
    title,
    text: `${decider.words.agent} receives no access.`,
    error: "access_denied",
  });
}

/** For a browser that goes back to the page. The decision is valid without it. */
async function keepDecision(
  { opened, logger }: DeciderContext,
  { session, found }: Visit,
  decision: "allowed" | "denied",
): Promise<void> {
  const failed = (err: unknown) => logger.warn({ err }, "a decision could not be remembered");
  const { reference } = found.waiting;
  await opened.keep(session.person, reference, { ...found.opened, decision }).catch(failed);
}

/** Waits briefly for the answer, because the page works without a script. */
async function ask(context: DeciderContext, visit: Visit, text: string): Promise<FastifyReply> {
  const { server } = context.decider;
  const { reply, session, found } = visit;
  const { reference, version } = found.waiting;
  const question = text.trim();
  if (question === "" || question.length > MAX_QUESTION_CHARACTERS)
    return showRequest(context, visit, `A question has 1 to ${MAX_QUESTION_CHARACTERS} characters.`);
  const result = await server.ask(reference, { question });
  if (result === "unable") return showRequest(context, visit, "The agent no longer answers questions.");
  if (result !== "done") return notDone(context, visit, result);
  await context.opened.keep(session.person, reference, { ...found.opened, asked: { question, version } });
  await server.answered(reference, ANSWER_SECONDS);
  return noStore(reply).redirect(context.at(`/requests/${reference}`), 303);
}

async function notDone(context: DeciderContext, visit: Visit, result: PageResult): Promise<FastifyReply> {
  const { reply, session } = visit;
  if (result === "other_person") {
    const text = "The agent acts for another user, and an agent acts for one user only.";
    return context.sendMessage(reply, { status: 403, title: "This agent is not yours", text });
  }
  const found = await context.opened.find(session.person, visit.found.waiting.reference);
  if (found === undefined) return context.sendEnded(reply);
  const notice = "The request has changed since you opened it. Please review it again.";
  return showRequest(context, { reply, session, found }, notice);
}

/** Returns to the agent if its provider has published the address; otherwise shows a page. */
async function leave(
  context: DeciderContext,
  { reply, found }: Visit,
  message: { title: string; text: string; error?: string },
): Promise<FastifyReply> {
  const callback = await context.opened.callbackOf(found);
  if (callback === undefined) {
    const { title, text } = message;
    const link = [context.at("/granted"), context.decider.words.granted] as const;
    return context.sendMessage(reply, { status: 200, title, text: `${text} You can close this page.`, link });
  }
  const url = new URL(context.browserUrl(callback));
  if (message.error !== undefined) url.searchParams.set("error", message.error);
  return noStore(reply).header("referrer-policy", "no-referrer").redirect(url.href, 303);
}

/** The visit, with the address of its page. */
const here = ({ at }: DeciderContext, visit: Visit) => ({
  ...visit,
  page: at(`/requests/${visit.found.waiting.reference}`),
});

const facts = ({ request: { agent, resource, scopes } }: WaitingRequest) => ({
  agent: agent.sub,
  provider: agent.iss,
  resource,
  scope: scopes.join(" "),
});
