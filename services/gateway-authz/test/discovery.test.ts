import { createDiscovery, type DocumentTransport } from "aauth";
import { february2026 } from "aauth/february-2026";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestParties } from "../../../packages/aauth/test/february-2026/parties.ts";
import { recordSpans } from "../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { check, setUp } from "./parties.ts";

const IMPOSTOR = "http://impostor.localhost:8001";
const SILENCE_MS = 8_000;
const SHAPELESS = "http://shapeless.localhost:8001";

describe("A20: a fetch that a caller caused", () => {
  test.each([
    [
      "an address in a network",
      "http://10.0.0.1:8080",
      "discovery_blocked",
      "address refused: http is allowed only",
    ],
    ["a host without documents", "http://absent.localhost:1", "discovery_failed", "no aauth-agent document"],
    ["a document of another", IMPOSTOR, "metadata_mismatch", "not the requested http"],
    [
      "a document of the wrong shape",
      SHAPELESS,
      "discovery_failed",
      "jwks_uri is missing or has the wrong shape",
    ],
  ])("A20, G4: %s is one answer outside, and its reason in the log", async (_what, id, code, reason) => {
    const spans = recordSpans();
    onTestFinished(() => spans.stop());
    const { app, signed, lines } = await setUp({
      more: {
        documents: {
          [`${IMPOSTOR}/.well-known/aauth-agent`]: { agent: "http://other.localhost:8001" },
          [`${SHAPELESS}/.well-known/aauth-agent`]: { agent: SHAPELESS, jwks_uri: 7 },
        },
      },
    });
    const result = await check(app, await signed({ scheme: "jwks", id }));
    expect(result).toMatchObject({ status: 401, agentAuth: "httpsig" });
    expect(result.body).toBe(
      "AAuth failure: AAuth verification failed: discovery_failed: the documents of a party that the message names could not be read",
    );
    const refused = lines.find((line) => line.includes("request refused"));
    for (const text of [`code=${code}`, id, reason]) expect(refused).toContain(text);
    const attributes = JSON.stringify(spans.finished().at(-1)?.attributes);
    for (const text of [code, `${id}/.well-known/aauth-agent: `, reason]) expect(attributes).toContain(text);
  });
});

describe("callers that name silent hosts", () => {
  /** The documents of the parties; every other host accepts a connection and never answers. */
  async function besideSilence() {
    const { discovery: known, clock } = await createTestParties();
    const transport: DocumentTransport = async ({ hostname, href }, { signal }) => {
      if (!hostname.startsWith("backend.")) {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => reject(signal.reason));
        return promise;
      }
      const isKeySet = href.endsWith("/jwks.json");
      const id = "http://backend.localhost:8000";
      const { agent } = february2026.documents.kinds;
      const document = isKeySet ? await known.keys(agent, id) : await known.metadata(agent, id);
      return { status: 200, body: new TextEncoder().encode(JSON.stringify(document)) };
    };
    const discovery = createDiscovery({
      development: true,
      transport,
      now: clock.now,
      timeoutMs: SILENCE_MS,
    });
    return setUp({ discovery: { "february-2026": discovery } });
  }

  test.each([
    ["a host each", (index: number) => `http://s${index}.localhost:8001`],
    ["one host", () => "http://silent.localhost:8001"],
  ])("A8: 300 of them, %s, delay neither the queue nor an honest call", async (_what, name) => {
    const { app, signed, schemes } = await besideSilence();
    expect(await check(app, await signed(schemes.jwks))).toMatchObject({ status: 200 });
    const named = await Promise.all(
      Array.from({ length: 300 }, (_, index) => signed({ scheme: "jwks", id: name(index) })),
    );
    const answered: unknown[] = [];
    for (const headers of named) void check(app, headers).then((answer) => answered.push(answer));
    const startedAt = performance.now();
    expect(await check(app, await signed(schemes.jwks))).toMatchObject({ status: 200 });
    expect(performance.now() - startedAt).toBeLessThan(SILENCE_MS / 2);
    // Callers that wait for the whole time limit are one in a slot, or one and 64 others.
    await expect.poll(() => answered.length, { timeout: SILENCE_MS / 2 }).toBeGreaterThanOrEqual(300 - 65);
    const busy = { status: 503, body: expect.stringContaining("discovery_busy") };
    for (const answer of answered) expect(answer).toMatchObject(busy);
  });

  test("A2: 300 names that never answer leave room for a known party", async () => {
    const { app, signed, schemes, clock } = await besideSilence();
    await check(app, await signed(schemes.jwks));
    // Its documents are read again.
    clock.advance(301);
    const flood = await Promise.all(
      Array.from({ length: 300 }, (_, index) =>
        signed({ scheme: "jwks", id: `http://s${index}.localhost:8001` }),
      ),
    );
    for (const headers of flood) void check(app, headers);
    expect(await check(app, await signed(schemes.jwks))).toMatchObject({ status: 200 });
  });
});
