import type { TestServer } from "./auth-server.ts";
import { type Browser, readForm } from "./browser.ts";

export const MCP_USER = {
  username: "mcp-user",
  password: "user123",
  id: "6f0f3f4e-3a0b-4c7e-9c43-5f7d5b1f8a11",
};

/**
 * Opens a page that leads to the sign-in form, fills it in, and follows redirects until another
 * origin or a page.
 */
export async function signIn(
  browser: Browser,
  startUrl: string,
  user: { username: string; password: string } = MCP_USER,
): Promise<{ response: Response; url: string }> {
  const shown = await browser.follow(startUrl, await browser.get(startUrl));
  const { action } = readForm(await shown.response.text());
  const target = new URL(action, shown.url).href;
  const { username, password } = user;
  return browser.follow(target, await browser.post(target, { username, password }));
}

/** Requests a user's tokens by name and password, by default the demo user's. */
export async function directGrant(
  { app }: TestServer,
  form: Record<string, string> = {},
  from: { readonly remoteAddress?: string; readonly forwardedFor?: string } = {},
) {
  const { remoteAddress = "127.0.0.1", forwardedFor } = from;
  return app.inject({
    remoteAddress,
    method: "POST",
    url: "/realms/aauth-test/protocol/openid-connect/token",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...(forwardedFor !== undefined && { "x-forwarded-for": forwardedFor }),
    },
    payload: new URLSearchParams({
      grant_type: "password",
      client_id: "supply-chain-ui",
      username: MCP_USER.username,
      password: MCP_USER.password,
      scope: "openid",
      ...form,
    }).toString(),
  });
}
