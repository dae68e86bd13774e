import type { Page } from "playwright-core";

const LONGEST_WAIT_MS = 30_000;

/** Waits until the auth server's consent page is open. */
export async function consentPageOpen(page: Page): Promise<void> {
  await page
    .getByRole("heading", { name: "Agent authorization request" })
    .waitFor({ timeout: LONGEST_WAIT_MS });
}

/** Fills in the auth server's open login page, if a consent page follows. */
export async function signInForConsent(
  page: Page,
  user: { username: string; password: string },
): Promise<void> {
  await page.locator("#username").fill(user.username);
  await page.locator("#password").fill(user.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await consentPageOpen(page);
}

/** Presses a button of the consent page, which must be open. */
export async function decideConsent(page: Page, decision: "Allow" | "Deny"): Promise<void> {
  await page.getByRole("button", { name: decision, exact: true }).click();
}
