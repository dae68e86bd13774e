import { readFileSync } from "node:fs";
import { installLocalhostLookup } from "service-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_PORTS, type StackPorts } from "../../scripts/demo/stack.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

const PAGES = ["04-user-consent.md", "05-token-exchange.md"];
const ANYTHING = "…";

let stack: TestStack;
/** The lines of a real run, as `normalized` leaves them. */
let log: readonly string[];

beforeAll(async () => {
  stack = await startStack({ modes: { authorizationScheme: "user-delegated" } });
  const run = await runWithConsent(stack, "optimize laptop supply chain and perform market analysis");
  expect(run.status).toBe("completed");
  log = normalized(withDemoPorts(stack.log(), stack.ports)).split("\n");
});
afterAll(() => stack?.stop());

describe.each(PAGES)("docs/walkthrough/%s", (page) => {
  const text = readFileSync(new URL(`../../docs/walkthrough/${page}`, import.meta.url), "utf8");
  const blocks = (language: string) =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``, "g"))].map((match) => match[1]!);

  test("shows log lines of a real run, each service's in their order", () => {
    const shown = blocks("text").flatMap((block) => normalized(block).split("\n"));
    expect(shown.length).toBeGreaterThan(10);
    const next = new Map<string, number>();
    const missing = shown.filter((line) => {
      const service = line.split("|", 1)[0]!;
      const from = next.get(service) ?? 0;
      const at = log.findIndex((real, index) => index >= from && matches(line, real));
      if (at >= 0) next.set(service, at + 1);
      return at < 0;
    });
    expect(missing).toEqual([]);
  });

  test("shows tokens with the claims of a real run, in their order", () => {
    const tokens = blocks("json");
    expect(tokens.length).toBeGreaterThan(0);
    const missing = tokens
      .map((block) => normalized(`claims=${JSON.stringify(JSON.parse(block))}`))
      .filter((claims) => !log.some((line) => line.includes(claims)));
    expect(missing).toEqual([]);
  });

  test("names files that are there", () => {
    const files = [...text.matchAll(/`((?:services|packages|scripts|tests|ui)\/[\w./-]+)`/g)].map(
      (match) => match[1]!,
    );
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !exists(file))).toEqual([]);
  });
});

/** A shown line, where `…` stands for anything, and a real one. */
function matches(shown: string, real: string): boolean {
  const pattern = shown.split(ANYTHING).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(real);
}

function withDemoPorts(text: string, ports: StackPorts): string {
  const keys = Object.keys(ports) as (keyof StackPorts)[];
  return keys.reduce((result, key) => result.replaceAll(`:${ports[key]}`, `:${DEMO_PORTS[key]}`), text);
}

/** Without what differs from run to run: user and run ids, token ids, key material, times. */
function normalized(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uuid>")
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, "<key>")
    .replace(/(?<![\w-])[\w-]{22}(?![\w-])/g, "<id>")
    .replace(/\b\d{10}\b/g, "<time>");
}

function exists(path: string): boolean {
  try {
    readFileSync(new URL(`../../${path}`, import.meta.url));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EISDIR";
  }
}
