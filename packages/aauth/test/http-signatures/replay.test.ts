import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type SignedUse, spendNonce, spendSignature } from "../../src/http-signatures/replay.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import { expectRefusal } from "../refusal.ts";
import { NOW } from "./prove.ts";

const nonce = "Y3VyaW91c2x5Y3VyaW91cw";
const use: SignedUse & { nonce: string } = {
  authority: "resource.example",
  thumbprint: "poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U",
  charge: { quota: "own", owner: "https://agent.example" },
  nonce,
  toleranceSeconds: 60,
};

describe("spendNonce", () => {
  test("accepts a nonce once for each authority and key", async () => {
    const store = createMemoryClaimStore({ now: () => NOW });
    await spendNonce(store, use);
    await spendNonce(store, { ...use, authority: "other.example" });
    await spendNonce(store, { ...use, thumbprint: "another" });
    await spendNonce(store, { ...use, nonce: "BBBBBBBBBBBBBBBB" });
    await expectRefusal("nonce_replayed", () => spendNonce(store, use));
  });

  test("V24: for as long as the signature can pass by the clock of any replica", async () => {
    const clock = { seconds: NOW };
    const store = createMemoryClaimStore({ now: () => clock.seconds });
    await spendNonce(store, use);
    // A signer at the late end of one clock's window is at the early end of another's.
    clock.seconds = NOW + 120.9;
    await expectRefusal("nonce_replayed", () => spendNonce(store, use));
    clock.seconds = NOW + 121;
    await spendNonce(store, use);
  });

  test("a full store refuses instead of forgetting, with a code", async () => {
    const store = createMemoryClaimStore({ maxEntries: 1, now: () => NOW });
    await spendNonce(store, use);
    await expectRefusal("replay_memory_full", () => spendNonce(store, { ...use, nonce: "BBBBBBBBBBBBBBBB" }));
    await expectRefusal("nonce_replayed", () => spendNonce(store, use));
  });

  test("a store that answers anything but true refuses", async () => {
    const store = { putIfAbsent: async () => "OK" as unknown as boolean };
    await expectRefusal("nonce_replayed", () => spendNonce(store, use));
    await expectRefusal("signature_replayed", () => spendSignature(store, { ...use, signatureBase: "base" }));
  });
});

describe("spendSignature", () => {
  const signatureBase = '"@method": POST\n"@signature-params": ("@method");created=1';

  test("once, and apart from nonces", async () => {
    const store = createMemoryClaimStore({ now: () => NOW });
    await spendSignature(store, { ...use, signatureBase });
    await expectRefusal("signature_replayed", () => spendSignature(store, { ...use, signatureBase }));
    await spendSignature(store, { ...use, signatureBase: `${signatureBase}1` });
    const digest = createHash("sha256").update(signatureBase).digest("base64url");
    await spendNonce(store, { ...use, nonce: digest });
  });

  test("names authority and key in the keys of the store", async () => {
    const keys: string[] = [];
    const store = { putIfAbsent: (key: string) => keys.push(key) > 0 };
    await spendNonce(store, use);
    await spendSignature(store, { ...use, signatureBase });
    expect(keys.map((key) => key.split(" ").slice(0, 2))).toEqual(
      Array(2).fill(["resource.example", use.thumbprint]),
    );
  });
});
