import { randomBytes } from "node:crypto";
import { createMemoryStores } from "aauth";
import Fastify, { type FastifyInstance } from "fastify";
import type { SignInMessage } from "../../src/sign-in/message-page.ts";
import type { BrowserSession } from "../../src/sign-in/sessions.ts";
import { createSignIn, type SignInOptions } from "../../src/sign-in/sign-in.ts";

export const OWN_ORIGIN = "http://localhost:8081";

/** A session, or a message. */
export type Shown = Partial<BrowserSession & SignInMessage>;

/** Contents of a page of {@link relyingParty}. */
export const shown = async (response: Response): Promise<Shown> => (await response.json()) as Shown;

/** Contents of a page, with the status. */
export const pageOf = async (response: Response) => ({
  status: response.status,
  ...(await shown(response)),
});

/**
 * Up to the provider's page; the address that it sends the browser back to, with the nonce as
 * code.
 */
export async function beginSignIn(browser: TestBrowser, page = "/who"): Promise<string> {
  const response = await browser.open(page);
  const location = new URL(response.headers.get("location") ?? "about:blank");
  const { state = "", nonce = "" } = Object.fromEntries(location.searchParams);
  return `/sign-in/callback?${new URLSearchParams({ state, code: nonce })}`;
}

/**
 * A server with nothing but the sign-in, and two pages with the session: `/who` requires it,
 * `/public` does not.
 */
export async function relyingParty(
  options: Pick<SignInOptions, "issuer"> & Partial<SignInOptions>,
): Promise<FastifyInstance> {
  const app = Fastify();
  const signIn = await createSignIn(app, {
    clientId: "person-server",
    scopes: ["openid"],
    nameClaim: "name",
    publicUrl: new URL(OWN_ORIGIN),
    development: true,
    home: "/public",
    cookieSecret: randomBytes(32),
    showMessage: (reply, status, { title, text, code, link }) =>
      reply.code(status).send({ title, text, code, link }),
    logger: app.log,
    stores: createMemoryStores({ now: options.now }),
    now: () => Date.now() / 1000,
    ...options,
  });
  app.get<{ Querystring: { returnTo?: string } }>("/who", async (request, reply) => {
    const session = await signIn.require(request, reply, request.query.returnTo ?? request.url);
    return session === undefined ? reply : { ...session };
  });
  app.get("/public", async (request) => (await signIn.read(request)) ?? {});
  return app;
}

/**
 * A browser with the cookies of one server and of providers, by origin. Never follows a redirect
 * by itself.
 */
export class TestBrowser {
  readonly cookies = new Map<string, string>();
  /** The server that answers; another one while a test moves the browser to it. */
  app: Pick<FastifyInstance, "inject">;

  constructor(app: FastifyInstance) {
    this.app = app;
  }

  /**
   * Requests a page, of {@link relyingParty} or of a provider on loopback. `form` makes it a POST.
   */
  async open(address: string, form?: Record<string, string>): Promise<Response> {
    const url = new URL(address, OWN_ORIGIN);
    const prefix = `${url.origin} `;
    const pairs = [...this.cookies].filter(([name]) => name.startsWith(prefix));
    const cookie = pairs.map(([name, value]) => `${name.slice(prefix.length)}=${value}`).join("; ");
    const response = await this.#send(url, form && new URLSearchParams(form).toString(), {
      ...(cookie !== "" && { cookie }),
      ...(form && { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line) || value === "") this.cookies.delete(prefix + name);
      else this.cookies.set(prefix + name, value);
    }
    return response;
  }

  /** Whether the server knows the person. */
  async isSignedIn(): Promise<boolean> {
    return "person" in (await shown(await this.open("/public")));
  }

  /** Follows redirects, also by `Refresh`, until a page is shown. */
  async follow(address: string, form?: Record<string, string>): Promise<{ response: Response; url: string }> {
    let url = new URL(address, OWN_ORIGIN).href;
    let response = await this.open(url, form);
    for (let location = nextOf(response); location !== undefined; location = nextOf(response)) {
      url = new URL(location, url).href;
      response = await this.open(url);
    }
    return { response, url };
  }

  async #send(url: URL, payload: string | undefined, headers: Record<string, string>): Promise<Response> {
    const method = payload === undefined ? "GET" : "POST";
    if (url.origin !== OWN_ORIGIN)
      return fetch(url, {
        method,
        headers,
        redirect: "manual",
        ...(payload !== undefined && { body: payload }),
      });
    const reply = await this.app.inject({
      method,
      url: url.pathname + url.search,
      headers: { host: url.host, ...headers },
      ...(payload !== undefined && { payload }),
    });
    const fields = Object.entries(reply.headers).flatMap(([name, value]) =>
      [value].flat().map((item): [string, string] => [name, String(item)]),
    );
    return new Response(reply.body || null, { status: reply.statusCode, headers: fields });
  }
}

function nextOf({ headers }: Response): string | undefined {
  return headers.get("location") ?? headers.get("refresh")?.replace(/^0; url=/, "");
}
