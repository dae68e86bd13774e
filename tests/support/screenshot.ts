import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";

const RESULTS = fileURLToPath(new URL("../../test-results/", import.meta.url));
const DOCS = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/**
 * Keeps a picture of the whole page under test-results, and under docs/images where `UPDATE_DOCS=1` asks for new pictures in the
 * documents.
 */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.UPDATE_DOCS === "1" ? DOCS : RESULTS;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}${name}.png`, fullPage: true });
}
