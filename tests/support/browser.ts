import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { findChromium } from "../../scripts/find-chromium.ts";
import { keepEvidence } from "./failure-evidence.ts";

/**
 * Flags for a machine without network, where Chromium's own look-ups would be refused.
 * `--no-sandbox` because CI runs as root; only pages of the stack under test are opened.
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

/** Starts a headless Chromium. Each page has a separate context, so tests share nothing. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium was found; name one in CHROME_PATH");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A new, watched page: a test fails if an error occurs in it. */
export interface WatchedPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /**
   * Announces an intended error: until the test's end, complaints of this kind are required instead
   * of forbidden.
   */
  expectComplaint(kind: RegExp): void;
}

interface OpenedPage extends WatchedPage {
  /**
   * Pages opened by a test are closed with it. A group of tests closes its own pages before its
   * stack stops.
   */
  readonly isOfOneTest: boolean;
  isClosed: boolean;
  /** Warnings and errors in the console since the last test. */
  complaints: string[];
  expected: RegExp[];
}

/** The browser reports a failed request a little later than the page shows the result. */
const COMPLAINT_WAIT = { timeout: 3000, interval: 50 };

let opened: OpenedPage[] = [];
let isInTest = false;

/**
 * Opens an empty page in a new context whose user prefers reduced motion, so nothing plays by
 * itself. Errors and warnings of its console, uncaught errors, and failed requests are complaints.
 */
export async function openPage(browser: Browser): Promise<WatchedPage> {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await context.tracing.start({ snapshots: true });
  const page = await context.newPage();
  const watched: OpenedPage = {
    context,
    page,
    isOfOneTest: isInTest,
    isClosed: false,
    complaints: [],
    expected: [],
    expectComplaint: (kind) => watched.expected.push(kind),
  };
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      watched.complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => watched.complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // A page that is left aborts its requests.
    const reason = request.failure()?.errorText ?? "unknown";
    if (reason !== "net::ERR_ABORTED")
      watched.complaints.push(`failed: ${request.method()} ${request.url()} ${reason}`);
  });
  context.on("close", () => {
    watched.isClosed = true;
  });
  opened.push(watched);
  return watched;
}

// Applied to every file that opens pages, because a call in each test could be forgotten.
beforeEach(() => {
  isInTest = true;
});
afterEach(async ({ task }) => {
  isInTest = false;
  const hasFailed = task.result?.state === "fail";
  const problem = hasFailed ? undefined : await problemOf(opened);
  // A test that is expected to fail leaves no evidence.
  if ((hasFailed || problem !== undefined) && task.fails !== true) await keepEvidence(opened, task);
  await Promise.all(opened.map(endOfTest));
  opened = opened.filter(({ isClosed }) => !isClosed);
  if (problem !== undefined) throw problem;
});

async function problemOf(pages: readonly OpenedPage[]): Promise<unknown> {
  try {
    for (const { complaints, expected } of pages) {
      const missing = () => expected.filter((kind) => !complaints.some((complaint) => kind.test(complaint)));
      await vi.waitFor(() => expect(missing(), "complaints that did not come").toEqual([]), COMPLAINT_WAIT);
      const isExpected = (complaint: string) => expected.some((kind) => kind.test(complaint));
      expect(complaints.filter((complaint) => !isExpected(complaint))).toEqual([]);
    }
    return undefined;
  } catch (problem) {
    return problem;
  }
}

async function endOfTest(watched: OpenedPage): Promise<void> {
  watched.complaints = [];
  watched.expected = [];
  if (watched.isOfOneTest && !watched.isClosed) {
    // An answer that a test changes may still be on its way.
    await watched.page.unrouteAll({ behavior: "ignoreErrors" });
    await watched.context.close();
  }
  // The record of a page that stays begins again with the next test.
  if (!watched.isClosed) {
    await watched.context.tracing.stopChunk();
    await watched.context.tracing.startChunk();
  }
}
