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
  // Each the other's parent: the tree must end all the same.
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
/** A challenge and the retry that answers it, as the demo's services write them. */
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
  // Also with a Jaeger named for the other tests: this page is ours.
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

/** A page loads anew with each search; on a busy machine that takes longer than a poll waits by itself. */
const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 });
const row = (name: string) => page.locator("button.row", { hasText: name });

test("search by service and tag, then a trace, then a span", async () => {
  await page.goto(traces.queryUrl);
  await soon(() => page.locator(".traces > li").count()).toBe(3);
  await page.getByLabel("Service").selectOption("market-analysis-agent");
  await soon(() => page.locator(".traces > li").count()).toBe(1);
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
  await soon(() => detail.textContent()).toContain("challenge.sent");
  expect(await detail.textContent()).toContain("no orders <today>");
  expect(page.url()).toContain(`#span=${failing.childID}`);
});

test("a challenge and its retry are told apart without opening a span, on a phone as well", async () => {
  await page.goto(`${traces.queryUrl}/trace/${retriedId}`);
  const outcomes = () => page.locator("button.row .outcome").allTextContents();
  await soon(outcomes).toEqual(["", "401", "challenged401", "200", "passed200"]);
  // A service is named where it changes; for who cannot see the colours it is always said.
  const names = page.locator("button.row .service");
  expect(await names.allTextContents()).toEqual([
    ...["supply-chain-backend", "supply-chain-backend", "supply-chain-agent"],
    ...["supply-chain-backend", "supply-chain-agent"],
  ]);
  expect(await names.locator(".spoken").count()).toBe(2);
  for (const width of [1280, 400]) {
    await page.setViewportSize({ width, height: 800 });
    const cut = `[...document.querySelectorAll(".operation")].filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.textContent)`;
    expect(await page.evaluate(cut), `names that are cut at ${width}`).toEqual([]);
    await screenshot(page, `trace-store-retry-${width}`);
  }
});

test("nothing found, nothing stored there, no such trace", async () => {
  await page.goto(`${traces.queryUrl}/?tags=${encodeURIComponent("no=such")}`);
  await soon(() => page.locator("main").textContent()).toContain("No traces");
  watched.expectComplaint(/status of 400/);
  await page.goto(`${traces.queryUrl}/trace/nonsense`);
  await soon(() => page.getByRole("alert").textContent()).toContain("hex digits");
});

test("what of a search is not understood is said, and nothing is listed; Jaeger's form of tags is understood", async () => {
  const heading = () => page.locator("main h1").allTextContents();
  const search = (parameters: Record<string, string>) =>
    page.goto(`${traces.queryUrl}/search?${new URLSearchParams(parameters)}`);
  for (const wrong of [{ tags: "garbage" }, { lookback: "xyz" }]) {
    await search(wrong);
    await soon(heading).toEqual(["This search was not understood"]);
    expect(await page.getByRole("status").textContent()).toContain(Object.values(wrong)[0]);
    expect(await page.locator(".traces > li").count()).toBe(0);
    expect(await violations(page)).toEqual([]);
  }
  await search({ tags: "garbage" });
  await soon(() => page.getByLabel("Tags").getAttribute("aria-invalid")).toBe("true");
  expect(await page.getByLabel("Tags").inputValue()).toBe("garbage");
  // As a link to Jaeger's own page has it.
  await search({
    service: "market-analysis-agent",
    tags: '{"demo.scheme":"jwt"}',
    lookback: "1h",
    limit: "7",
  });
  await soon(heading).toEqual(["Traces"]);
  expect(await page.getByRole("status").textContent()).toBe("1 trace");
  expect(await page.getByLabel("Within the last").inputValue()).toBe("3600");
  expect(await page.getByLabel("At most").inputValue()).toBe("7");
  expect(await violations(page)).toEqual([]);
});

test("an address with nothing has a page with the way back", async () => {
  watched.expectComplaint(/status of 404/);
  for (const path of ["/nothere", `/trace/${"a".repeat(200)}`]) {
    await page.goto(traces.queryUrl + path);
    expect(await page.locator("h1").textContent()).toBe("There is no such page");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Back to the search" }).click();
    await page.waitForURL(`${traces.queryUrl}/`);
  }
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
  await soon(() => page.locator("main").textContent()).toContain("Choose a service");
  await page.getByLabel("Service").selectOption("service 7");
  await soon(() => page.locator(".traces > li").count()).toBe(1);
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
  await soon(() => row("list orders").getAttribute("aria-expanded")).toBe("true");
});

describe("hostile spans", () => {
  test("are text everywhere, and run nothing", async () => {
    await page.goto(traces.queryUrl);
    await soon(() => page.locator("main").textContent()).toContain("<script>");
    await page.goto(`${traces.queryUrl}/trace/${hostileId}`);
    await row("<script>").first().click();
    await soon(() => page.locator(".detail").textContent()).toContain("javascript:alert(1)");
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
      await soon(() => page.locator("main[aria-busy]").count()).toBe(0);
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(overflow, `${name} at ${width}`).toBeLessThanOrEqual(0);
      await screenshot(page, `trace-store-${name}-${width}-${colorScheme}`);
    }
  }
});
