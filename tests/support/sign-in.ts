import type { Page } from "playwright-core";
import type { StackUrls } from "../../scripts/demo/stack.ts";

/** The demo realm's user. */
export const DEMO_USER = { username: "mcp-user", password: "user123" } as const;

/**
 * Fills in the auth server's login page, which must be open, and waits until the browser has left
 * it.
 */
export async function fillLoginPage(
  page: Page,
  user: { username: string; password: string } = DEMO_USER,
): Promise<void> {
  await page.locator("#username").fill(user.username);
  await page.locator("#password").fill(user.password);
  await Promise.all([
    page.waitForURL((url) => !url.pathname.includes("/realms/"), { timeout: 30_000 }),
    page.locator('button[type="submit"]').click(),
  ]);
}

/** Opens the page of the demo and signs the demo's user in. */
export async function signInOnPage(page: Page, uiUrl: string): Promise<void> {
  await page.goto(uiUrl);
  await page.getByRole("button", { name: "Sign in" }).click();
  await fillLoginPage(page);
  await page.getByTestId("signed-in-user").waitFor();
}

/**
 * A user's access token without a browser, by the direct grant of the auth server.
 *
 * @throws Error with the auth server's answer
 */
export async function userAccessToken(
  urls: Pick<StackUrls, "issuer">,
  user: { username: string; password: string } = DEMO_USER,
): Promise<string> {
  const reply = await fetch(`${urls.issuer}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      client_id: "supply-chain-ui",
      scope: "openid profile email",
      ...user,
    }),
  });
  const body = (await reply.json()) as { access_token?: string; error?: string; error_description?: string };
  if (body.access_token === undefined)
    throw new Error(`${reply.status} ${body.error}: ${body.error_description}`);
  return body.access_token;
}
