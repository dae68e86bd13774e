import { expect, test, vi } from "vitest";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { platformUnderTest } from "./platform-under-test.ts";

test("the package uses the cryptography selected for its tests, and Node's by default", async () => {
  const generateKey = vi.spyOn(platformUnderTest, "generateKey");
  await generateSigningKey({ kid: "a" });
  expect(generateKey).toHaveBeenCalledOnce();
});
