import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";

/** Folder for the pictures and records of test runs; not in git. Ends with a slash. */
export const RESULTS_FOLDER = fileURLToPath(new URL("../../test-results/", import.meta.url));
const DOCS = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/**
 * Keeps a picture of the page, or of a part of it, under test-results, or, with `UPDATE_DOCS=1`,
 * under docs/images in place of the one that a document shows.
 *
 * @param options.fullPage default true; false for what fits the window
 */
export async function screenshot(
  shown: Page | Locator,
  name: string,
  options: { fullPage?: boolean } = {},
): Promise<void> {
  const keycloak = Boolean(process.env.AUTH_SERVER_TEST_URL);
  const isShown = process.env.UPDATE_DOCS === "1" && !keycloak && existsSync(`${DOCS}${name}.png`);
  const folder = isShown ? DOCS : RESULTS_FOLDER;
  await mkdir(folder, { recursive: true });
  const path = `${folder}${keycloak ? "keycloak-" : ""}${name}.png`;
  const { fullPage = true } = options;
  // A sticky head would cover the middle of a picture of a whole page.
  if ("goto" in shown && fullPage) await shown.evaluate("window.scrollTo(0, 0)");
  await ("goto" in shown ? shown.screenshot({ path, fullPage }) : shown.screenshot({ path }));
}
