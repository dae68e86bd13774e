import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { signIn } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

const WAIT = { timeout: 15_000, interval: 200 };

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

interface Span {
  readonly operationName: string;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
}

async function gatewaySpans(): Promise<Span[]> {
  const reply = await fetch(`${stack.urls.traces}/api/traces?service=agentgateway&limit=50`);
  const { data } = (await reply.json()) as { data: { spans: Span[] }[] };
  return data.flatMap(({ spans }) => spans);
}

const tag = (span: Span, key: string) => span.tags.find((entry) => entry.key === key)?.value;

test("the gateway's span of a run shows the refused call, the scheme and the agent of the one let through", async () => {
  await (await signIn(stack)).run();
  // Spans go out in batches.
  const spans = await vi.waitFor(async () => {
    const found = await gatewaySpans();
    const seen = found
      .filter(({ operationName }) => operationName.startsWith("POST"))
      .map((span) => [
        Number(tag(span, "http.status")),
        tag(span, "aauth_scheme"),
        tag(span, "aauth_agent_identity"),
      ]);
    expect(seen).toContainEqual([401, "Jwks", stack.urls.backendAgent]);
    expect(seen).toContainEqual([200, "Jwt", stack.urls.backendAgent]);
    expect(seen).toContainEqual([200, "Jwt", stack.urls.supplyChainAgent]);
    return found;
  }, WAIT);
  expect(JSON.stringify(spans)).not.toMatch(/eyJ[\w-]+\.eyJ/);
});
