/** The page of the embedded store in a real browser. Jaeger has a different page. */

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeTrace, sendByExporter } from "../../../services/trace-store/test/support/otel-spans.ts";
import {
  attribute,
  exportRequest,
  newTraceId,
  otlpSpan,
} from "../../../services/trace-store/test/support/otlp-json.ts";
import { violations } from "../../support/accessibility.ts";
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
  // Each is the other's parent: the tree must still end.
  otlpSpan(startMs, { traceId: hostileId, spanId: "b".repeat(16), parentSpanId: "c".repeat(16) }),
  otlpSpan(startMs, { traceId: hostileId, spanId: "c".repeat(16), parentSpanId: "b".repeat(16) }),
];

const retriedId = newTraceId();
const attempt = (
  spanId: string,
  name: string,
  parentSpanId: string | undefined,
  status: number,
  verdict?: string,
) =>
  otlpSpan(startMs, {
    traceId: retriedId,
    spanId: spanId.repeat(16),
    ...(parentSpanId !== undefined && { parentSpanId: parentSpanId.repeat(16) }),
    name,
    attributes: [
      attribute("http.response.status_code", { intValue: status }),
      ...(verdict === undefined ? [] : [attribute("aauth.verification.verdict", { stringValue: verdict })]),
    ],
  });
/** A challenge and its retry, as the demo's services record them. */
const retried: [service: string, spans: object[]][] = [
  [
    "supply-chain-backend",
    [
      otlpSpan(startMs, {
        traceId: retriedId,
        spanId: "1".repeat(16),
        name: "a2a_service.send_optimization_request",
      }),
      attempt("2", "POST signed with jwks", "1", 401),
      attempt("4", "POST again, signed with jwt", "1", 200),
    ],
  ],
  [
    "supply-chain-agent",
    [attempt("3", "POST /", "2", 401, "challenged"), attempt("5", "POST /", "4", 200, "passed")],
  ],
];

let traces: TracesUnderTest;
let browser: Browser;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  // The page is ours, even if a Jaeger is named for the other tests.
  for (const name of ["JAEGER_OTLP_URL", "JAEGER_QUERY_URL"]) delete process.env[name];
  traces = await startTraces();
  await sendByExporter(traces.otlpUrl, failing.spans);
  await fetch(`${traces.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(exportRequest(HOSTILE, hostile)),
  });
  for (const [service, spans] of retried) {
    await fetch(`${traces.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(exportRequest(service, spans)),
    });
  }
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

const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 });
const row = (name: string) => page.locator("[data-testid=waterfall] button", { hasText: name });
const found = () => page.locator("[data-testid=traces] > li");

test("search by service and operation, then a trace, then a span", async () => {
  await page.goto(traces.queryUrl);
  await soon(() => found().count()).toBe(3);
  await page.locator("select[name=service]").selectOption("market-analysis-agent");
  await soon(() => found().count()).toBe(1);
  expect(await found().textContent()).toMatch(/supply-chain-backend GET \/orders250 ms2 spans1 error/);
  await page.getByLabel("Operation").selectOption("list orders");
  await page.getByLabel("Only with errors").check();
  await page.getByRole("button", { name: "Find traces" }).click();
  await page.waitForURL(/operation=list\+orders&tags=/);
  await found().locator("a").click();
  await page.waitForURL(`${traces.queryUrl}/trace/${failing.traceID}`);
  await row("list orders").click();
  const detail = page.getByTestId("span-detail");
  await soon(() => detail.textContent()).toContain("challenge.sent");
  expect(await detail.textContent()).toContain("no orders <today>");
  expect(page.url()).toContain(`#span=${failing.childID}`);
  expect(await violations(page)).toEqual([]);
});

test("a challenge and its retry are distinguishable without opening a span, on a phone as well", async () => {
  await page.goto(`${traces.queryUrl}/trace/${retriedId}`);
  const rows = () => page.locator("[data-testid=waterfall] > li").allTextContents();
  await soon(rows).toEqual([
    expect.stringMatching(/^supply-chain-backend a2a_service/),
    expect.stringMatching(/POST signed with jwks401/),
    expect.stringMatching(/^supply-chain-agent POST \/challenged 401/),
    expect.stringMatching(/POST again, signed with jwt200/),
    expect.stringMatching(/^supply-chain-agent POST \/200/),
  ]);
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 800 });
    await screenshot(page, `trace-store-retry-${width}`);
  }
});

test("shows an empty result, an unknown trace, and a refused search", async () => {
  await page.goto(`${traces.queryUrl}/?tags=${encodeURIComponent('{"no":"such"}')}`);
  await soon(() => page.getByRole("status").textContent()).toContain("No trace matches this search.");
  expect(await page.getByRole("status").textContent()).toContain('tags={"no":"such"}');
  watched.expectComplaint(/status of 400/);
  for (const [path, reason] of [
    ["/trace/nonsense", "hex digits"],
    ["/search?tags=garbage", "malformed 'tags'"],
  ]) {
    await page.goto(traces.queryUrl + path);
    await soon(() => page.getByRole("alert").textContent()).toContain(reason);
    expect(await violations(page)).toEqual([]);
  }
  watched.expectComplaint(/status of 404/);
  await page.goto(`${traces.queryUrl}/trace/${"a".repeat(32)}`);
  await soon(() => page.locator("h1").textContent()).toBe("Trace not found");
  await page.getByRole("link", { name: "Back to the search" }).click();
  await page.waitForURL(`${traces.queryUrl}/`);
});

test("a search as Jaeger's page writes it", async () => {
  const tags = '{"demo.scheme":"jwt"}';
  const jaegers = { service: "market-analysis-agent", tags, lookback: "1h", limit: "7" };
  await page.goto(`${traces.queryUrl}/search?${new URLSearchParams(jaegers)}`);
  await soon(() => found().count()).toBe(1);
});

test("the keyboard is enough, and a link to a span opens it", async () => {
  await page.goto(`${traces.queryUrl}/trace/${failing.traceID}#span=${failing.childID}`);
  await soon(() => row("list orders").getAttribute("aria-expanded")).toBe("true");
  await row("GET /orders").focus();
  await page.keyboard.press("Enter");
  expect(await row("GET /orders").getAttribute("aria-expanded")).toBe("true");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  expect(await row("list orders").getAttribute("aria-expanded")).toBe("false");
});

describe("hostile spans", () => {
  test("are shown as text everywhere, and run nothing", async () => {
    await page.goto(traces.queryUrl);
    await soon(() => page.locator("main").textContent()).toContain("<script>");
    await page.goto(`${traces.queryUrl}/trace/${hostileId}`);
    await row("<script>").first().click();
    await soon(() => page.getByTestId("span-detail").textContent()).toContain("javascript:alert(1)");
    expect(
      await page
        .locator("main :is(script, img, iframe), main [onerror], main a[href^='javascript:']")
        .count(),
    ).toBe(0);
    // The title is the trace's own text, not the script's result.
    expect(await page.title()).not.toBe("owned");
    expect(await page.locator("[data-testid=waterfall] > li").count()).toBe(3);
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
      await soon(() => page.locator("main[aria-busy=false]").count()).toBe(1);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(overflow, `${name} at ${width}`).toBeLessThanOrEqual(0);
      await screenshot(page, `trace-store-${name}-${width}-${colorScheme}`);
    }
  }
});
