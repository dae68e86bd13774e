import type { Page } from "playwright-core";

const WAIT = { timeout: 30_000 };

/** Opens a folded part of the demo's page, by test id, if it is closed. */
export async function unfold(page: Page, part: string): Promise<void> {
  const fold = page.getByTestId(part);
  await fold.waitFor(WAIT);
  if ((await fold.getAttribute("open")) === null) await fold.locator("summary").first().click();
}

/** Types a prompt of one's own into the settings. */
export async function fillPrompt(page: Page, prompt: string): Promise<void> {
  await unfold(page, "settings");
  await page.getByLabel("Custom prompt").fill(prompt);
}

/** Opens the report of the run on the page, once it is there. */
export async function openReport(page: Page, heading: string): Promise<void> {
  await unfold(page, "report");
  await page.getByRole("heading", { name: heading }).waitFor(WAIT);
}
