import { type Browser, createBrowser } from "../../../services/auth-server/test/support/browser.ts";
import type { Party, Reply, World } from "./party.ts";

export const MCP_USER = {
  username: "mcp-user",
  password: "user123",
  id: "6f0f3f4e-3a0b-4c7e-9c43-5f7d5b1f8a11",
};
export const SECOND_USER = {
  username: "second-user",
  password: "user123",
  id: "b2d6a8c0-41f5-4f0e-8a77-2c9e61d3e522",
};

/** A page as a browser shows it, or the redirect that leads away from the auth server. */
export interface Shown {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A form of a page, ready to be sent. */
interface PageForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly buttons: readonly string[];
}

/**
 * A user with a browser that keeps cookies, follows redirects inside the auth server and submits
 * forms.
 */
export class User {
  readonly browser: Browser = createBrowser();

  async open(url: string): Promise<Shown> {
    return this.arrive(url, await this.browser.get(url));
  }

  async submit(page: Shown, fields: Readonly<Record<string, string>>, form = formOf(page)): Promise<Shown> {
    const url = new URL(form.action, page.url).href;
    return this.arrive(url, await this.browser.post(url, { ...form.fields, ...fields }));
  }

  /** Sends a form that no page contains. */
  async send(page: Shown, body: URLSearchParams): Promise<Shown> {
    const url = new URL(formOf(page).action, page.url).href;
    return this.arrive(url, await this.browser.post(url, body));
  }

  /** Opens a page behind the sign-in, and signs in if required. */
  async openSignedIn(url: string, { username, password } = MCP_USER): Promise<Shown> {
    const page = await this.open(url);
    return isSignIn(page) ? this.submit(page, { username, password }) : page;
  }

  decide(page: Shown, button: "accept" | "cancel"): Promise<Shown> {
    return this.submit(page, { [button]: "yes" });
  }

  private async arrive(from: string, first: Response): Promise<Shown> {
    const { response, url } = await this.browser.follow(from, first);
    return { url, status: response.status, headers: response.headers, text: await response.text() };
  }
}

/** The only POST form of a page. */
export function formOf({ text, url }: Shown): PageForm {
  const html = /<form[^>]*method="post"[\s\S]*?<\/form>/i.exec(text)?.[0];
  if (html === undefined) throw new Error(`no form at ${url.split("?")[0]}: ${text.slice(0, 500)}`);
  const attribute = (tag: string, name: string) =>
    decoded(new RegExp(`\\s${name}="([^"]*)"`, "i").exec(tag)?.[1] ?? "");
  const tags = (name: string) =>
    [...html.matchAll(new RegExp(`<${name}\\b[^>]*>`, "gi"))].map(([tag]) => tag);
  const filled = tags("input").filter((tag) => ["hidden", "number"].includes(attribute(tag, "type")));
  const chosen = [...html.matchAll(/<select[^>]* name="([^"]+)"[\s\S]*?<option value="([^"]*)" selected/g)];
  return {
    action: attribute(tags("form")[0]!, "action"),
    fields: Object.fromEntries([
      ...filled.map((tag) => [attribute(tag, "name"), attribute(tag, "value")]),
      ...chosen.map(([, name, value]) => [name, value]),
    ]),
    buttons: [...tags("button"), ...tags("input")].map((tag) => attribute(tag, "name")),
  };
}

export function isSignIn({ text }: Shown): boolean {
  return /<input[^>]*name="password"/.test(text);
}

export function isConsent(page: Shown): boolean {
  return page.status === 200 && /<input[^>]*name="consent_code"/.test(page.text);
}

/** Text of the page, without markup. */
export function textOf({ text }: Shown): string {
  return decoded(text.replace(/<(script|style)[\s\S]*?<\/\1>/gi, "").replace(/<[^>]*>/g, " ")).replace(
    /\s+/g,
    " ",
  );
}

/** Authors of the scopes' descriptions as the page names them, in order. */
export function saidBy(page: Shown): string[] {
  const lines = textOf(page).match(/As described by (this server|\S+) ?:/g) ?? [];
  return lines.map((line) => line.replace(" :", ":"));
}

/** Address to which the auth server redirects the browser. */
export function sentTo({ headers, status }: Shown): { address: string; query: Record<string, string> } {
  if (status !== 303) throw new Error(`status ${status} instead of a redirect`);
  const url = new URL(headers.get("location")!);
  return { address: url.origin + url.pathname, query: Object.fromEntries(url.searchParams) };
}

/**
 * Asks for a token with a scope that needs consent: the request token, and the address the agent
 * sends its user to.
 */
export async function startConsent(
  { server, agent, wish }: World,
  options: { state?: string; query?: Record<string, string>; by?: Party } = {},
): Promise<{ requestToken: string; url: string }> {
  const { state, query, by = agent } = options;
  const reply = await by.ask(
    server,
    wish({ redirect_uri: by.callback, ...(state !== undefined && { state }) }),
  );
  const requestToken = reply.body.request_token;
  if (typeof requestToken !== "string") throw new Error(`no request token: ${JSON.stringify(reply)}`);
  const parameters = { request_token: requestToken, redirect_uri: by.callback, ...query };
  return { requestToken, url: `${server.authEndpoint}?${new URLSearchParams(parameters)}` };
}

/** The whole journey of a user who signs in and consents: the code that the agent gets. */
export async function consentedCode(world: World, user = new User(), account = MCP_USER): Promise<string> {
  const page = await user.openSignedIn((await startConsent(world)).url, account);
  const answer = isConsent(page) ? await user.decide(page, "accept") : page;
  return sentTo(answer).query.code!;
}

export function redeem({ server, agent }: World, code: string): Promise<Reply> {
  return agent.ask(server, { request_type: "code", code, redirect_uri: agent.callback });
}

function decoded(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, digits) => String.fromCodePoint(Number.parseInt(digits, 16)))
    .replace(/&#(\d+);/g, (_, digits) => String.fromCodePoint(Number(digits)))
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}
