import { AAuthError, type AgentMetadata, type Discovery, StoreFullError } from "aauth";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type IdentifyPerson, TooManySignInsError } from "./identify-person.ts";
import {
  digestOf,
  INTERACTION_SECONDS,
  type Interaction,
  type Interactions,
  isSame,
  newSecret,
  type WayBack,
} from "./interactions.ts";
import { approvalPage, decidedPage, type Page, problemPage, sendPage } from "./pages.ts";
import { isReturnUrlOf } from "./return-url.ts";

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const PUBLIC = { config: { aauth: "public" } } as const;
const UNKNOWN =
  "It is over: decided, used, or more than ten minutes old. Go back to the application and start again.";
const OTHER_BROWSER = "It was begun in another browser. Go back to the application and start again.";
const TOO_OFTEN =
  "You have been sent to the auth server too often. Go back to the application, and start again in ten minutes.";
const FULL = "Too many orders wait for other people's approval. Load this page again in a few minutes.";
const MAX_FORM_BYTES = 4_096;

/**
 * The pages of an interaction (profile 3.5): `GET /interaction` is where an agent sends its user, `/interaction/callback` where the auth
 * server sends the user after saying who it is, and which sends them back to the first, `POST /interaction/decision` takes the answer. An interaction belongs to the browser that
 * came first and to the person that the order names; it leads back to an address that the agent has published, and nowhere else.
 */
export async function interactionRoutes(
  app: FastifyInstance,
  options: {
    id: string;
    interactions: Interactions;
    identify: IdentifyPerson;
    discovery: Discovery;
    development: boolean;
    log: FastifyBaseLogger;
  },
): Promise<void> {
  const { id, interactions, identify, discovery, development, log } = options;
  const secure = id.startsWith("https:") ? "; Secure" : "";

  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof TooManySignInsError) return refuse(reply, 429, TOO_OFTEN);
    if (error instanceof StoreFullError) return refuse(reply, 503, FULL);
    if (!(error instanceof AAuthError)) throw error;
    log.warn({ err: error, code: error.code }, "❌ The auth server did not say who the person is");
    return refuse(
      reply,
      502,
      "The auth server did not say who you are. Go back to the application and start again.",
    );
  });
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: MAX_FORM_BYTES },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );

  app.get<{ Querystring: Query }>("/interaction", PUBLIC, async (request, reply) => {
    const session = single(request.query.session) ?? "";
    const returnUrl = single(request.query.return_url);
    const asked = interactions.find(session);
    if (asked === undefined) return over(request, reply, session, returnUrl);
    if (returnUrl === undefined || !(await mayReturnTo(asked, returnUrl))) {
      return refuse(reply, 400, "The address to return to is not one that the agent has published.");
    }
    // Looked at again: meanwhile another browser may have come.
    const interaction = interactions.find(session);
    if (interaction === undefined || interaction.decision !== undefined)
      return over(request, reply, session, returnUrl);
    if (interaction.browser === undefined) {
      const cookie = newSecret();
      interactions.note(session, { browser: digestOf(cookie), returnUrl });
      reply.header(
        "set-cookie",
        `${cookieName(interaction)}=${cookie}; Path=/interaction; Max-Age=${INTERACTION_SECONDS}; HttpOnly; SameSite=Lax${secure}`,
      );
    } else if (!isFrom(request, interaction)) {
      return refuse(reply, 403, OTHER_BROWSER);
    }
    if (interaction.person !== undefined) return sendPage(reply, await decisionPage(session, returnUrl));
    return noStore(reply).redirect(await identify.begin(interaction), 303);
  });

  app.get<{ Querystring: Query }>("/interaction/callback", PUBLIC, async (request, reply) => {
    const { query } = request;
    const signIn = identify.takeSignIn(single(query.state));
    const interaction = interactions.find(signIn?.interactionId ?? "");
    if (signIn === undefined || interaction === undefined || interaction.decision !== undefined)
      return over(request, reply, signIn?.interactionId ?? "");
    if (!isFrom(request, interaction)) return refuse(reply, 403, OTHER_BROWSER);
    const code = single(query.code);
    if (code === undefined) return sendPage(reply, decide(interaction, "declined"));
    const person = await identify.finish(code, signIn);
    if (person.subject !== interaction.order.approver) {
      log.warn({ agent: interaction.agent }, "❌ Another person came than the one who must approve");
      const text =
        "You are not the person who must approve this order. Sign out at the auth server, or ask that person.";
      return refuse(reply, 403, text);
    }
    const { id: session, returnUrl } = interactions.note(interaction.id, { person }) ?? {};
    if (session === undefined || returnUrl === undefined) return over(request, reply, interaction.id);
    // Not the page itself: this address works once, and a page can be loaded again.
    const address = new URLSearchParams({ session, return_url: returnUrl });
    return noStore(reply).redirect(`/interaction?${address}`, 303);
  });

  app.post("/interaction/decision", PUBLIC, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const session = form.get("session") ?? "";
    const interaction = interactions.find(session);
    if (interaction?.person === undefined || interaction.decision !== undefined)
      return over(request, reply, session, form.get("return_url") ?? undefined);
    if (!isFrom(request, interaction)) return refuse(reply, 403, OTHER_BROWSER);
    const { formToken } = interaction;
    if (formToken === undefined || !isSame(form.get("form_token") ?? "", digestOf(formToken))) {
      return refuse(reply, 400, "The form is not the one last shown to you. Load the page again.");
    }
    const decision = form.getAll("decision").join();
    if (decision !== "approve" && decision !== "decline")
      return refuse(reply, 400, "There is no decision in it.");
    return sendPage(reply, decide(interaction, decision === "approve" ? "approved" : "declined"));
  });

  function decide(interaction: Interaction, decision: "approved" | "declined"): Page {
    interactions.note(interaction.id, { decision });
    log.info(
      { agent: interaction.agent, total: interaction.order.total },
      `🔐 Order ${decision} by the person`,
    );
    return decidedPage(decision, interaction.returnUrl as string);
  }

  /** The interaction is over. Only a request with its return URL, or from its browser, sees the link back. */
  function over(
    request: FastifyRequest,
    reply: FastifyReply,
    session: string,
    returnUrl?: string,
  ): FastifyReply {
    const way = interactions.wayBack(session);
    const isShown = way !== undefined && (way.returnUrl === returnUrl || isFrom(request, way));
    return sendPage(reply, problemPage(400, UNKNOWN, isShown ? way.returnUrl : undefined));
  }

  /** @param returnUrl that of the interaction */
  async function decisionPage(session: string, returnUrl: string): Promise<Page> {
    const formToken = newSecret();
    const interaction = interactions.note(session, { formToken });
    if (interaction?.person === undefined) return problemPage(400, UNKNOWN, returnUrl);
    const { agent, order, person } = interaction;
    const { name } = await discovery.metadata<AgentMetadata>("agent", agent);
    return approvalPage({ agent, agentName: name, order, person, session, formToken, returnUrl });
  }

  async function mayReturnTo(interaction: Interaction, returnUrl: string): Promise<boolean> {
    if (interaction.returnUrl !== undefined) return interaction.returnUrl === returnUrl;
    return isReturnUrlOf(interaction.agent, returnUrl, { discovery, development });
  }
}

/** One cookie per interaction: concurrent ones must not end each other. */
function cookieName({ id }: Pick<WayBack, "id">): string {
  return `interaction_${digestOf(id).toString("hex").slice(0, 16)}`;
}

function isFrom(request: FastifyRequest, interaction: Pick<WayBack, "id" | "browser">): boolean {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim().split("=", 2));
  const value = pairs.find(([name]) => name === cookieName(interaction))?.[1];
  return isSame(value, interaction.browser);
}

/** A parameter that may be given once. */
function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
  return sendPage(reply, problemPage(status, text));
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store").header("referrer-policy", "no-referrer");
}
