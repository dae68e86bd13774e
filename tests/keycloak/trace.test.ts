/**
 * Keycloak's part of a trace: its checks of a signed request, under the names that the protocol
 * view reads.
 */

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { freePorts } from "../../scripts/demo/free-ports.ts";
import { startWorld } from "../contract/auth-server/world.ts";
import { startChild } from "../support/child.ts";

const LIMIT_MS = 60_000;
const POLL_MS = 500;

interface Tag {
  readonly key: string;
  readonly value: unknown;
}

const { server, agent, resource, nextResource, wish } = await startWorld();

const [queryPort] = await freePorts(1);
const store = startChild(process.execPath, ["services/trace-store/src/main.ts"], {
  env: {
    PATH: process.env.PATH,
    TRACE_STORE_PORT: String(queryPort),
    TRACE_STORE_OTLP_PORT: new URL(process.env.KEYCLOAK_TEST_OTLP_URL!).port,
  },
});
await store.prints(/ready on/);
afterAll(async () => {
  store.process.kill("SIGTERM");
  await store.ended;
});

/** A trace that the request belongs to. */
const newTrace = () => randomBytes(16).toString("hex");
const inTrace = (id: string) => ({
  tamper: () => ({ headers: { traceparent: `00-${id}-${randomBytes(8).toString("hex")}-01` } }),
});

/**
 * Attributes of Keycloak's server span in a trace, and names of its events, once the exporter has
 * sent them.
 */
async function serverSpan(traceId: string): Promise<{ tags: Record<string, unknown>; events: string[] }> {
  const giveUpAt = Date.now() + LIMIT_MS;
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${queryPort}/api/traces/${traceId}`);
    if (reply.ok) {
      const { data } = (await reply.json()) as {
        data: { spans: { tags: Tag[]; logs: { fields: Tag[] }[] }[] }[];
      };
      for (const span of data.flatMap(({ spans }) => spans)) {
        const tags = Object.fromEntries(span.tags.map(({ key, value }) => [key, value]));
        const names = span.logs.flatMap(({ fields }) => fields.filter(({ key }) => key === "event"));
        if (tags["span.kind"] === "server") return { tags, events: names.map(({ value }) => String(value)) };
      }
    }
    if (Date.now() > giveUpAt) throw new Error(`no server span in ${traceId}: ${store.text()}`);
    await pause(POLL_MS);
  }
}

const verdicts = (tags: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    (JSON.parse(String(tags["aauth.verification.checks"])) as { name: string; verdict: string }[]).map(
      ({ name, verdict }) => [name, verdict],
    ),
  );

test("an accepted request: caller, key and token", async () => {
  const trace = newTrace();
  const { body } = await agent.ask(server, wish(), inTrace(trace));
  const { tags, events } = await serverSpan(trace);
  expect(tags).toMatchObject({
    "aauth.role": "verifier",
    "aauth.verification.verdict": "passed",
    "aauth.verification.scheme": "jwks",
    "aauth.verification.profile": "february-2026",
    "aauth.verification.body_bound": true,
    "aauth.verification.thumbprint": agent.thumbprint,
    "aauth.agent.level": "identified",
    "aauth.agent.id": agent.id,
    "aauth.request_type": "auth",
    "auth.aauth.verified": true,
  });
  expect(verdicts(tags)).toMatchObject({ signature: "passed", replay: "passed", "content-digest": "passed" });
  const issued = JSON.parse(String(tags["aauth.token.issued"]));
  expect(issued).toMatchObject({ kind: "auth+jwt", claims: { aud: resource.id, agent: agent.id } });
  expect(events).toEqual(expect.arrayContaining(["aauth_signature_verified", "aauth.token_issued"]));
  expect(JSON.stringify(tags)).not.toContain(String(body.auth_token).split(".")[2]);
});

test("one that does not: at which check", async () => {
  const trace = newTrace();
  await agent.ask(server, wish(), { ...inTrace(trace), created: 1 });
  const { tags } = await serverSpan(trace);
  expect(tags).toMatchObject({
    "aauth.verification.verdict": "refused",
    "aauth.error.code": "created_out_of_window",
    "error.type": "invalid_signature",
    "auth.aauth.verification_result": "invalid",
  });
  expect(verdicts(tags)).toMatchObject({ coverage: "passed", created: "failed", signature: "skipped" });
});

test("a published peer's request: the body is not covered", async () => {
  await server.setAttributes({ "aauth.published.peers": JSON.stringify([agent.id]) });
  const trace = newTrace();
  const options = { nonce: null, without: ["content-type", "content-digest"] };
  await agent.ask(server, wish(), { ...inTrace(trace), ...options });
  const { tags } = await serverSpan(trace);
  expect(tags).toMatchObject({
    "aauth.verification.verdict": "passed",
    "aauth.verification.profile": "february-2026-published",
    "aauth.verification.body_bound": false,
    "aauth.agent.id": agent.id,
  });
  expect(verdicts(tags)).toMatchObject({ replay: "skipped", "content-digest": "skipped" });
});

test("an exchange: the caller's token, and the next", async () => {
  const upstream = String((await agent.ask(server, wish())).body.auth_token);
  const trace = newTrace();
  const scope = "supply-chain:optimize";
  const resource_token = nextResource.resourceToken(server, resource, { scope });
  const options = { scheme: { scheme: "jwt" as const, jwt: upstream }, ...inTrace(trace) };
  await resource.ask(server, { request_type: "exchange", resource_token }, options);
  const { tags } = await serverSpan(trace);
  expect(tags["aauth.request_type"]).toBe("exchange");
  expect(JSON.parse(String(tags["aauth.upstream_token"]))).toMatchObject({ claims: { agent: agent.id } });
  expect(JSON.parse(String(tags["aauth.token.issued"]))).toMatchObject({
    claims: { agent: resource.id, act: { agent: agent.id } },
  });
  expect(JSON.stringify(tags)).not.toContain(upstream.split(".")[2]);
});
