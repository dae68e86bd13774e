/**
 * Random messages, signed by one library and verified by another. `results.json` has the outcome of
 * each pair.
 */

import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import type { Sender } from "./keys.ts";
import { createLibraries, type Message } from "./libraries.ts";
import { PARTIES } from "./parties.ts";
import { isUnderTest } from "./peers.ts";
import results from "./results.json" with { type: "json" };

const RUNS = 200;

const readable = fc.stringMatching(/^[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,20}$/);
const fieldValue = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);

const messages = (query: fc.Arbitrary<string | undefined>): fc.Arbitrary<Message> =>
  fc
    .record({
      method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
      // All messages differ, because a verifier with a replay memory would refuse a second one.
      path: fc
        .tuple(fc.uuid(), fc.array(readable, { maxLength: 4 }))
        .map(([id, parts]) => ["", id, ...parts].join("/")),
      query,
      note: fieldValue,
      type: fc.constantFrom("application/json", "text/plain; charset=utf-8", "application/octet-stream"),
      content: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    })
    .map(({ method, path, query, note, type, content }) => {
      const hasBody = method === "POST" || method === "PUT";
      return {
        method,
        url: `${PARTIES.resource}${path}${query === undefined ? "" : `?${query}`}`,
        headers: { "x-note": note, ...(hasBody && { "content-type": type }) },
        body: hasBody ? content : undefined,
      };
    })
    // Some libraries sign the URL as a parser normalizes it: without dot segments, with `'` encoded
    // in a query.
    .filter(({ url }) => new URL(url).href === url);

const libraries = createLibraries();
afterAll(() => libraries.end());

interface Row {
  readonly signer: string;
  readonly verifier: string;
  readonly sender: string;
  /** Covered components in addition to those that the draft requires. */
  readonly extra?: readonly string[];
  readonly verdict: string;
}
const rows = (results.signatures as readonly Row[])
  .filter(({ signer, verifier }) => isUnderTest(signer, verifier))
  .map((row) => {
    const { signer, verifier, sender, extra = [], verdict } = row;
    return [`${signer} to ${verifier}, ${[sender, ...extra].join(", ")}: ${verdict}`, row] as const;
  });

describe.each(rows)("%s", (_name, { signer, verifier, ...row }) => {
  const sent = async (message: Message) => {
    const headers = await (await libraries.of(signer)).sign(message, row.sender as Sender, row.extra ?? []);
    return { ...message, headers: { ...message.headers, ...headers } };
  };

  test(`${RUNS} random messages`, async () => {
    const judge = await libraries.of(verifier);
    // A message has a query if it must be covered.
    const query = row.extra?.includes("@query") ? readable : fc.option(readable, { nil: undefined });
    const random = fc.asyncProperty(messages(query), async (message) => {
      expect(await judge.verify(await sent(message))).toBe(row.verdict);
    });
    await fc.assert(random, { numRuns: RUNS });
  });

  if (row.verdict !== "verified") return;
  test("a changed message is refused", async () => {
    const judge = await libraries.of(verifier);
    const changed = fc.asyncProperty(messages(fc.constant(undefined)), async (message) => {
      const signed = await sent(message);
      const elsewhere = { ...signed, url: signed.url.replace("resource", "other") };
      expect(await judge.verify(elsewhere)).toMatch(/^refused/);
      if (message.body === undefined) return;
      expect(await judge.verify({ ...signed, body: Buffer.from("another body") })).toMatch(/^refused/);
    });
    await fc.assert(changed, { numRuns: 20 });
  });
});
