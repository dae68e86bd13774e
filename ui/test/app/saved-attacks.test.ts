/** The sentence below an attack in a saved run's page. */

import type { SavedAttack, SavedVerdict } from "aauth-explain";
import { expect, test } from "vitest";
import { foundHere } from "../../src/app/saved-attacks.tsx";

const attack = (outcome: string, status?: number): SavedAttack => ({
  title: "Change a byte",
  what: "One byte.",
  aauth: {
    from: "a",
    to: "b",
    startMs: 0,
    what: "call",
    sentence: "",
    outcome,
    ...(status !== undefined && { status }),
    checks: [],
    facts: [{ name: "Code", value: "digest_mismatch" }],
  },
});
const refused = (code: string): SavedVerdict => ({ state: "refused", reason: `${code}: why` });
const verified: SavedVerdict = { state: "verified" };

test.each<[string, SavedAttack, SavedVerdict, string, RegExp]>([
  [
    "the same check confirms",
    attack("refused"),
    refused("digest_mismatch"),
    "accepted",
    /^✕ .*, too\. digest_mism/,
  ],
  [
    "another check does not",
    attack("refused"),
    refused("token_expired"),
    "pending",
    /is not confirmed\. token_exp/,
  ],
  ["a valid signature is no hole", attack("refused"), verified, "pending", /^✓ .*Its receiver refuses it/],
  ["a hole is called one", attack("accepted"), verified, "refused", /did not refuse it\. ✓ Valid/],
  [
    "a hole that this browser sees",
    attack("accepted"),
    refused("digest_mismatch"),
    "refused",
    /did not refuse it\. ✕/,
  ],
  [
    "an answer of 200 is no refusal",
    attack("refused", 200),
    refused("digest_mismatch"),
    "refused",
    /did not refuse it/,
  ],
  [
    "a message in part proves nothing",
    attack("refused"),
    { state: "recorded" },
    "pending",
    /^Not verified again/,
  ],
])("states this browser's result: %s", (_case, made, verdict, tone, text) => {
  const found = foundHere(made, verdict);
  expect(found.tone).toBe(tone);
  expect(found.text).toMatch(text);
});
