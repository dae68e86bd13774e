import type { Stores } from "aauth";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  acceptFormsOnly,
  createSingleUseForms,
  messagePage,
  noStore,
  type SingleUseForms,
  type Site,
  sendPage,
} from "issuer-kit";
import type { PersonServerConfig } from "../config.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import type { SignIn } from "../sign-in/sign-in.ts";
import { siteOf } from "../site.ts";
import type { Decider, Message } from "./decider.ts";
import type { DescribeProvider } from "./describe-provider.ts";
import { createOpenedRequests, type OpenedRequest, type OpenedRequests } from "./opened-requests.ts";

export interface DeciderOptions {
  readonly config: Pick<
    PersonServerConfig,
    "applications" | "consentSeconds" | "id" | "accessServerId" | "owners" | "accessServerResources"
  >;
  /** This server's origin for browsers, where the pages are. */
  readonly origin: string;
  readonly signIn: SignIn;
  readonly stores: Pick<Stores, "records">;
  /** Address that a browser opens for a URL of one of the parties. */
  readonly browserUrl: (url: string) => string;
  readonly describeProvider: DescribeProvider;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * The request that a form decides on, as it was shown. Empty for forms about granted access and for
 * code forms.
 */
export interface ShownRequest {
  readonly reference?: string;
  readonly version?: number;
  /** Resources that the page named as the next ones of a chain. */
  readonly chain?: readonly string[] | undefined;
}

/** Context shared by the pages of one decider. */
export interface DeciderContext extends DeciderOptions {
  readonly decider: Decider;
  readonly site: Site;
  readonly forms: SingleUseForms<BrowserSession, ShownRequest>;
  readonly opened: OpenedRequests;
  /** Path of a page. */
  at(path: string): string;
  /**
   * Session of the browser. Undefined once the reply redirects to the sign-in, which returns here,
   * or to the server's own origin.
   */
  signedIn(request: FastifyRequest, reply: FastifyReply): Promise<BrowserSession | undefined>;
  sendMessage(reply: FastifyReply, message: Message): FastifyReply;
  /** The page for a request that does not wait for this person. */
  sendEnded(reply: FastifyReply, decision?: OpenedRequest["decision"]): FastifyReply;
}

const FORM_SECONDS = 600;

/** Prepares the scope of a decider's pages. */
export function openDecider(app: FastifyInstance, decider: Decider, options: DeciderOptions): DeciderContext {
  const { config, origin, signIn, stores } = options;
  const site = siteOf(decider.party, config);
  acceptFormsOnly(app, site);
  // The session cookie belongs to the server's origin; an identifier's host never receives it.
  const { hostname } = new URL(origin);
  const otherHosts = [config.id, config.accessServerId]
    .map((id) => new URL(id).hostname)
    .filter((host) => host !== hostname); // hole U14
  const sendMessage = (reply: FastifyReply, { status, ...message }: Message) =>
    sendPage(reply, status, messagePage(site, message));

  return {
    ...options,
    decider,
    site,
    sendMessage,
    forms: createSingleUseForms<BrowserSession, ShownRequest>({
      readSession: (request) => signIn.read(request),
      personOf: ({ person }) => person.id,
      store: stores.records(`forms ${site.name}`),
      lifetimeSeconds: FORM_SECONDS,
    }),
    opened: createOpenedRequests(
      decider,
      stores.records(`opened requests ${site.name}`),
      stores.records(`opened codes ${site.name}`),
      config.consentSeconds,
    ),
    at: (path) => `${decider.path}${path}`,
    async signedIn(request, reply) {
      // The `Host` used for routing, not the one that a proxy reports.
      const asked = URL.parse(`http://${request.headers.host}`)?.hostname ?? "";
      if (!otherHosts.includes(asked)) return signIn.require(request, reply, request.originalUrl);
      const { href } = new URL(request.originalUrl, origin);
      await noStore(reply).header("referrer-policy", "no-referrer").redirect(href, 303);
      return undefined;
    },
    sendEnded: (reply, decision) =>
      decision === undefined
        ? sendMessage(reply, {
            status: 404,
            title: "Request not found",
            text: `It has been decided, has expired, or belongs to another user. ${decider.words.agent} can ask again.`,
          })
        : sendMessage(reply, {
            status: 200,
            title: "You have already answered",
            text: `You have ${decision} this request. Nothing more is needed here.`,
          }),
  };
}
