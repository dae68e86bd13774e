/** The embedded store's page in a real browser. Jaeger has its own. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeTrace, sendByExporter } from "../../../services/trace-store/test/support/otel-spans.ts";
import {
  attribute,
  exportRequest,
  newTraceId,
  otlpSpan,
} from "../../../services/trace-store/test/support/otlp-json.ts";
import { openPage, startBrowser, type WatchedPage } from "../../support/browser.ts";
import { screenshot } from "../../support/screenshot.ts";
import { startTraces, type TracesUnderTest } from "./traces-under-test.ts";

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const startMs = Date.now() - 5000;
const failing = makeTrace({ caller: "supply-chain-backend", called: "market-analysis-agent" }, startMs);
const hostileId = newTraceId();
const hostile = [
  otlpSpan(startMs, {
    traceId: hostileId,
    spanId: "a".repeat(16),
    name: HOSTILE,
    attributes: [
      attribute(HOSTILE, { stringValue: HOSTILE }),
      attribute("link", { stringValue: "javascript:alert(1)" }),
      attribute("json", { stringValue: JSON.stringify({ html: HOSTILE }) }),
    ],
    events: [{ timeUnixNano: `${startMs}000000`, name: HOSTILE }],
    status: { code: 2, message: HOSTILE },
  }),
  // Each the other's parent: the tree must end all the same.
  otlpSpan(startMs, { traceId: hostileId, spanId: "b".repeat(16), parentSpanId: "c".repeat(16) }),
  otlpSpan(startMs, { traceId: hostileId, spanId: "c".repeat(16), parentSpanId: "b".repeat(16) }),
];

let traces: TracesUnderTest;
let browser: Browser;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  // Also with a Jaeger named for the other tests: this page is ours.
  for (const name of ["JAEGER_OTLP_URL", "JAEGER_QUERY_URL"]) delete process.env[name];
  traces = await startTraces();
  await sendByExporter(traces.otlpUrl, failing.spans);
  await fetch(`${traces.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(exportRequest(HOSTILE, hostile)),
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await traces?.close();
});
beforeEach(async () => {
  watched = await openPage(browser);
  page = watched.page;
});

const row = (name: string) => page.locator("button.row", { hasText: name });

test("search by service and tag, then a trace, then a span", async () => {
  await page.goto(traces.queryUrl);
  await expect.poll(() => page.locator(".traces > li").count()).toBe(2);
  await page.getByLabel("Service").selectOption("market-analysis-agent");
  await expect.poll(() => page.locator(".traces > li").count()).toBe(1);
  expect(await page.locator(".traces > li").textContent()).toMatch(
    /supply-chain-backend GET \/orders.*250 ms.*2 spans.*1 error/,
  );
  await page.getByLabel("Operation").selectOption("list orders");
  await page.getByLabel("Tags").fill('error=true demo.scheme="jwt"');
  await page.getByRole("button", { name: "Find traces" }).click();
  await page.waitForURL(/tags=/);
  await page.locator(".traces a").click();
  await page.waitForURL(`${traces.queryUrl}/trace/${failing.traceID}`);
  await row("list orders").click();
  const detail = page.locator(".detail");
  await expect.poll(() => detail.textContent()).toContain("challenge.sent");
  expect(await detail.textContent()).toContain("no orders <today>");
  expect(page.url()).toContain(`#span=${failing.childID}`);
});

test("nothing found, nothing stored there, no such trace", async () => {
  await page.goto(`${traces.queryUrl}/?tags=${encodeURIComponent("no=such")}`);
  await expect.poll(() => page.locator("main").textContent()).toContain("No traces");
  watched.expectComplaint(/status of 400/);
  await page.goto(`${traces.queryUrl}/trace/nonsense`);
  await expect.poll(() => page.getByRole("alert").textContent()).toContain("hex digits");
});

test("with more services than can be asked at once, one must be chosen", async () => {
  const crowded = await startTraces();
  const requests = Array.from({ length: 41 }, (_, index) =>
    exportRequest(`service ${index}`, [otlpSpan(startMs)]),
  );
  await fetch(`${crowded.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: requests.flatMap(({ resourceSpans }) => resourceSpans) }),
  });
  await page.goto(crowded.queryUrl);
  await expect.poll(() => page.locator("main").textContent()).toContain("Choose a service");
  await page.getByLabel("Service").selectOption("service 7");
  await expect.poll(() => page.locator(".traces > li").count()).toBe(1);
  await crowded.close();
});

test("the keyboard is enough", async () => {
  await page.goto(`${traces.queryUrl}/trace/${failing.traceID}`);
  await row("GET /orders").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  expect(await row("list orders").getAttribute("aria-expanded")).toBe("true");
  await page.keyboard.press("ArrowLeft");
  expect(await row("list orders").getAttribute("aria-expanded")).toBe("false");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  expect(await row("GET /orders").getAttribute("aria-expanded")).toBe("true");
});

test("a link to a span opens it", async () => {
  await page.goto(`${traces.queryUrl}/trace/${failing.traceID}#span=${failing.childID}`);
  await expect.poll(() => row("list orders").getAttribute("aria-expanded")).toBe("true");
});

describe("hostile spans", () => {
  test("are text everywhere, and run nothing", async () => {
    await page.goto(traces.queryUrl);
    await expect.poll(() => page.locator("main").textContent()).toContain("<script>");
    await page.goto(`${traces.queryUrl}/trace/${hostileId}`);
    await row("<script>").first().click();
    await expect.poll(() => page.locator(".detail").textContent()).toContain("javascript:alert(1)");
    expect(
      await page
        .locator("main :is(script, img, iframe), main [onerror], main a[href^='javascript:']")
        .count(),
    ).toBe(0);
    // The title is the trace's own text, not what the script would have made of it.
    expect(await page.title()).not.toBe("owned");
    expect(await page.locator("button.row").count()).toBe(3);
  });

  test("could not run even if they were markup", async () => {
    watched.expectComplaint(/Content Security Policy/);
    // The picture, as far as the policy lets it come.
    watched.expectComplaint(/status of 404/);
    await page.goto(traces.queryUrl);
    await page.evaluate(`document.querySelector("main").innerHTML = ${JSON.stringify(HOSTILE)}`);
    expect(await page.title()).not.toBe("owned");
  });
});

test("fits a phone, light and dark", async () => {
  for (const [width, colorScheme] of [
    [1280, "light"],
    [400, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    for (const [name, path] of [
      ["search", "/"],
      ["trace", `/trace/${failing.traceID}#span=${failing.childID}`],
    ] as const) {
      await page.goto("about:blank");
      await page.goto(traces.queryUrl + path);
      await expect.poll(() => page.locator("main[aria-busy]").count()).toBe(0);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(overflow, `${name} at ${width}`).toBeLessThanOrEqual(0);
      await screenshot(page, `trace-store-${name}-${width}-${colorScheme}`);
    }
  }
});
