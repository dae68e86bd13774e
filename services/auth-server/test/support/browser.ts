import type { FastifyInstance } from "fastify";

/**
 * A browser as far as these tests need one: keeps cookies by path, never follows a redirect by
 * itself.
 */
export interface Browser {
  get(url: string, headers?: Record<string, string>): Promise<Response>;
  /** Submits a form. */
  post(url: string, fields: Record<string, string> | URLSearchParams): Promise<Response>;
  /**
   * Follows redirects as long as they stay at the origin of `url`, and those by which the person
   * server signs a person in.
   */
  follow(url: string, response: Response): Promise<{ response: Response; url: string }>;
  cookies(): readonly string[];
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

export function createBrowser(fetchImplementation: typeof fetch = fetch): Browser {
  const jar = new Map<string, Cookie>();

  async function request(url: string, init: RequestInit): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...jar.values()]
      .filter(({ path }) => pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
    const headers = { accept: "text/html,*/*", ...init.headers, ...(cookie !== "" && { cookie }) };
    const response = await fetchImplementation(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const attribute = (key: string) =>
        attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
      const path = attribute("path") ?? "/";
      const expired =
        attribute("max-age") === "0" ||
        new Date(attribute("expires") ?? Date.now() + 1000).getTime() <= Date.now();
      if (expired) jar.delete(`${path} ${name}`);
      else jar.set(`${path} ${name}`, { name, value, path });
    }
    return response;
  }

  const browser: Browser = {
    get: (url, headers = {}) => request(url, { headers }),
    post: (url, fields) =>
      request(url, {
        method: "POST",
        body: new URLSearchParams(fields).toString(),
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }),
    async follow(url, response) {
      // A page that redirects by itself, after a sign-in for a resource.
      const [, refreshed] = /url=(.*\/openid\/auth\/.+)$/.exec(response.headers.get("refresh") ?? "") ?? [];
      const location = response.headers.get("location") ?? refreshed;
      if (location === undefined) return { response, url };
      const next = new URL(location, url);
      if (next.origin !== new URL(url).origin && !isSignIn(next)) return { response, url: next.href };
      return browser.follow(next.href, await browser.get(next.href));
    },
    cookies: () => [...jar.values()].map(({ name }) => name),
  };
  return browser;
}

function isSignIn({ pathname, searchParams }: URL): boolean {
  return searchParams.get("client_id") === "person-server" || pathname === "/sign-in/callback";
}

/** `fetch` into a server that does not listen. */
export function injectedFetch(app: FastifyInstance): typeof fetch {
  return async (input, init) => {
    const url = new URL(String(input));
    const reply = await app.inject({
      method: (init?.method ?? "GET") as "GET",
      url: url.pathname + url.search,
      headers: { host: url.host, ...Object.fromEntries(new Headers(init?.headers)) },
      ...(typeof init?.body === "string" && { payload: init.body }),
    });
    const headers = new Headers();
    for (const [name, value] of Object.entries(reply.headers)) {
      for (const item of Array.isArray(value) ? value : [value]) headers.append(name, String(item));
    }
    const empty = reply.statusCode === 204 || reply.statusCode === 304;
    return new Response(empty ? null : reply.body, { status: reply.statusCode, headers });
  };
}

/** Action of the page's form, and its hidden fields. */
export function readForm(html: string): { action: string; fields: Record<string, string> } {
  const action = (/<form[^>]* action="([^"]*)"/.exec(html)?.[1] ?? "").replaceAll("&#38;", "&");
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return { action, fields: Object.fromEntries(fields.map(([, name = "", value = ""]) => [name, value])) };
}
