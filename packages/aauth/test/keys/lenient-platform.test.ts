import { expect, test, vi } from "vitest";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import { expectRefusal } from "../refusal.ts";
import keys from "../vectors/keys.json" with { type: "json" };

/** A platform that takes the private half and never looks at the public one. */
vi.mock("#crypto", async (original) => {
  const { platformCrypto } = await original<typeof import("../../src/crypto/node.ts")>();
  const { default: published } = await import("../vectors/keys.json", { with: { type: "json" } });
  const halves = Object.values(published).map(({ jwk }) => jwk as PrivateJwk);
  return {
    platformCrypto: {
      ...platformCrypto,
      importPrivateKey: ({ d }: PrivateJwk) =>
        platformCrypto.importPrivateKey(halves.find((jwk) => jwk.d === d)!),
    },
  };
});

test("importSigningKey refuses halves that do not belong together, even where the platform does not", async () => {
  const [a, b] = [keys.A.jwk as PrivateJwk, keys.B.jwk as PrivateJwk];
  expect((await importSigningKey(a)).thumbprint).toBe(keys.A.thumbprint);
  await expectRefusal("unsupported_key", () => importSigningKey({ ...a, d: b.d }));
});
