import { type Browser, createBrowser, injectedFetch, readForm } from "./browser.ts";
import { CALLBACK, type Parties } from "./parties.ts";
import { signIn } from "./sign-in.ts";

export const AUTH_URL = "http://localhost:8080/realms/aauth-test/protocol/aauth/agent/auth";

/**
 * Requests a token with a scope that needs consent; returns the address that the agent would send
 * its user to.
 */
export async function startConsent(
  { request, resourceToken }: Parties,
  options: { state?: string; query?: Record<string, string>; scope?: string } = {},
): Promise<{ requestToken: string; url: string }> {
  const { state, query, scope } = options;
  const reply = await request({
    request_type: "auth",
    resource_token: await resourceToken(scope === undefined ? {} : { scope }),
    redirect_uri: CALLBACK,
    ...(state !== undefined && { state }),
  });
  const requestToken = reply.body.request_token as string;
  const parameters = new URLSearchParams({ request_token: requestToken, redirect_uri: CALLBACK, ...query });
  return { requestToken, url: `${AUTH_URL}?${parameters}` };
}

export function browserFor({ server }: Parties): Browser {
  return createBrowser(injectedFetch(server.app));
}

/** Presses a button of the consent page. */
export async function decide(browser: Browser, page: string, button: "accept" | "cancel"): Promise<Response> {
  const { action, fields } = readForm(page);
  return browser.post(new URL(action, AUTH_URL).href, { ...fields, [button]: "yes" });
}

/** The whole journey of a user who signs in and consents: the code that the agent gets. */
export async function consentedCode(parties: Parties): Promise<string> {
  const browser = browserFor(parties);
  const { url } = await startConsent(parties, { state: "s" });
  const shown = await signIn(browser, url);
  const answer = await decide(browser, await shown.response.text(), "accept");
  return new URL(answer.headers.get("location") as string).searchParams.get("code") as string;
}
