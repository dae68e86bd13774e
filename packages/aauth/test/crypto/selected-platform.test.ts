import { expect, test } from "vitest";
import { platformCrypto } from "#crypto";
import { platformCrypto as node } from "../../src/crypto/node.ts";
import { platformCrypto as sodium } from "../../src/crypto/sodium.ts";

test("the package uses the cryptography that its tests are run for, and Node's unless told", () => {
  expect(platformCrypto).toBe(process.env.CRYPTO_UNDER_TEST === "sodium" ? sodium : node);
});
