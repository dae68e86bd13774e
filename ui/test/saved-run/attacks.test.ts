/** The sentence below an attack in a saved run's page. */

import type { SavedAttack, SavedVerdict } from "aauth-explain";
import { expect, test } from "vitest";
import { foundHere } from "../../src/saved-run/attacks.ts";

const attack = (outcome: string): SavedAttack => ({
  title: "Change a byte",
  what: "One byte.",
  aauth: {
    from: "a",
    to: "b",
    startMs: 0,
    what: "call",
    sentence: "",
    outcome,
    checks: [],
    facts: [{ name: "Code", value: "digest_mismatch" }],
  },
});
const refused = (code: string): SavedVerdict => ({ state: "refused", reason: `${code}: why` });
const verified: SavedVerdict = { state: "verified" };

test.each<[string, string, SavedVerdict, SavedVerdict["state"], RegExp]>([
  ["the same check confirms", "refused", refused("digest_mismatch"), "refused", /^✕ .*, too\. digest_mism/],
  ["another check does not", "refused", refused("token_expired"), "recorded", /is not confirmed\. token_exp/],
  ["a valid signature is no hole", "refused", verified, "verified", /^✓ .*Its receiver refuses it/],
  ["a hole is called one", "accepted", verified, "recorded", /did not refuse it\. ✓ Valid/],
  [
    "a hole that this browser sees",
    "accepted",
    refused("digest_mismatch"),
    "recorded",
    /did not refuse it\. ✕/,
  ],
  ["a message in part proves nothing", "refused", { state: "recorded" }, "recorded", /^Not verified again/],
])("states this browser's result: %s", (_case, outcome, verdict, state, text) => {
  const found = foundHere(attack(outcome), verdict);
  expect(found.state).toBe(state);
  expect(found.text).toMatch(text);
});
