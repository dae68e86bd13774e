import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findChromium } from "../../scripts/find-chromium.ts";

/**
 * Flags for a machine without network: Chromium's own look-ups would be refused, many at a time. `--no-sandbox` because CI runs as
 * root; only pages of the stack under test are opened.
 */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a headless Chromium. Each page comes from a context of its own, so nothing is shared between tests. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium was found; name one in CHROME_PATH");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A fresh page and what went wrong in it. */
export interface WatchedPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and failed requests, in the order they came. A good page has none. */
  readonly complaints: readonly string[];
}

/** Opens an empty page in a fresh context and notes everything that a user with open developer tools would see in red or yellow. */
export async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // A page that is left gives up what it was loading.
    const reason = request.failure()?.errorText ?? "unknown";
    if (reason !== "net::ERR_ABORTED")
      complaints.push(`failed: ${request.method()} ${request.url()} ${reason}`);
  });
  return { context, page, complaints };
}
