import { expect, test, vi } from "vitest";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import { platformUnderTest } from "../crypto/platform-under-test.ts";
import { expectRefusal } from "../refusal.ts";
import keys from "../vectors/keys.json" with { type: "json" };

test("importSigningKey refuses halves that do not belong together, even where the platform does not", async () => {
  const { importPrivateKey } = platformUnderTest;
  const halves = Object.values(keys).map(({ jwk }) => jwk as PrivateJwk);
  // A platform that uses the private half and never checks the public one.
  vi.spyOn(platformUnderTest, "importPrivateKey").mockImplementation(({ d }) =>
    importPrivateKey(halves.find((jwk) => jwk.d === d)!),
  );
  const [a, b] = [keys.A.jwk as PrivateJwk, keys.B.jwk as PrivateJwk];
  expect((await importSigningKey(a)).thumbprint).toBe(keys.A.thumbprint);
  await expectRefusal("unsupported_key", () => importSigningKey({ ...a, d: b.d }));
});
