import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signIn } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

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
  let spans: Span[] = [];
  for (let waited = 0; waited < 100 && spans.length < 4; waited++) {
    await pause(100);
    spans = await gatewaySpans();
  }
  const calls = spans.filter(({ operationName }) => operationName.startsWith("POST"));
  const seen = calls.map((span) => [
    Number(tag(span, "http.status")),
    tag(span, "aauth_scheme"),
    tag(span, "aauth_agent_identity"),
  ]);
  expect(seen).toContainEqual([401, "Jwks", stack.urls.backendAgent]);
  expect(seen).toContainEqual([200, "Jwt", stack.urls.backendAgent]);
  expect(seen).toContainEqual([200, "Jwt", stack.urls.supplyChainAgent]);
  expect(JSON.stringify(spans)).not.toMatch(/eyJ[\w-]+\.eyJ/);
});
