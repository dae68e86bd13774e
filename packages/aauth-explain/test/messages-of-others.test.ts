/** Messages of other libraries, each with each of many faults: only those that show are named. */

import { describe, expect, test } from "vitest";
import {
  AAUTH,
  ALL,
  BOT,
  explain,
  FAULTS,
  isAAuth,
  NODE,
  PEERS,
  read,
  type Sent,
  UNKNOWN,
  WITH_QUERY,
} from "./faults-of-others.ts";

describe("as it was sent", () => {
  test.each<[Sent, string, string]>([
    [BOT, "web-bot-auth", "https://bot.example"],
    [NODE, "rfc-9421", "key-1"],
    ...PEERS.filter(isAAuth).map((sent): [Sent, string, string] => [
      sent,
      "draft-11",
      "aauth:Planner@agent.example",
    ]),
  ])("$library: its kind and signer are named, and both bases agree", async (sent, profile, signer) => {
    const explanation = await explain(sent);
    expect(explanation).toMatchObject({
      verdict: "accepted",
      profile,
      parties: { signer },
      signatureBase: { agree: true },
    });
    expect(explanation.remedy).toBeUndefined();
  });

  test.each([
    [WITH_QUERY, "@query without its question mark"],
    [AAUTH, "it is in base64url"],
  ])("$library: its own fault is named", async (sent, text) => {
    const { verdict, remedy } = await explain(sent);
    expect([verdict, remedy]).toMatchObject(["refused", { text: expect.stringContaining(text) }]);
  });

  test.each([BOT, NODE])("$library: without its key it is undecided", async (sent) => {
    const { verdict, reason } = await explain({ ...sent, keys: [] });
    expect([verdict, reason]).toEqual(["undecided", expect.stringContaining("give the signer’s public key")]);
  });

  test("it is of the versions under test", () => {
    const pins = ["js/package.json", "python/introspection.txt", "python/regent.txt", "rust/Cargo.toml"]
      .map((file) => read(`../../../tests/interop/draft-11/${file}`).replaceAll(/[^\w@/.-]+/g, " "))
      .join(" ");
    for (const { library } of ALL) expect(pins).toContain(library.split(",")[0]);
  });
});

test.each(FAULTS)(
  "the reader names only what shows in messages with the fault: %s",
  async (_what, change, said) => {
    const found: Record<string, string> = {};
    const expected: Record<string, unknown> = {};
    for (const sent of PEERS) {
      const faulty = await change(sent);
      if (faulty === undefined) continue;
      const text = typeof said === "string" ? said : said(sent);
      expected[sent.library] = expect.stringContaining(text);
      const { verdict, remedy, sentence } = await explain(faulty);
      found[sent.library] = remedy?.text ?? verdict;
      expect(remedy?.state).toBe(text === "accepted" ? undefined : text === UNKNOWN ? "unknown" : "named");
      expect(sentence).toContain(text === "accepted" ? "passes every check" : "is refused at the check");
    }
    expect(found).toEqual(expected);
    expect(Object.keys(found)).not.toEqual([]);
  },
);

test("each library’s message can have at least 30 of these faults", async () => {
  for (const sent of PEERS) {
    const possible = await Promise.all(FAULTS.map(([, change]) => change(sent)));
    expect(possible.filter((faulty) => faulty !== undefined).length, sent.library).toBeGreaterThan(30);
  }
});
