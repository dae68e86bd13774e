import { expect, test, vi } from "vitest";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { platformUnderTest } from "./platform-under-test.ts";

test("the package uses the cryptography that its tests are run for, and Node's unless told", async () => {
  const generateKey = vi.spyOn(platformUnderTest, "generateKey");
  await generateSigningKey({ kid: "a" });
  expect(generateKey).toHaveBeenCalledOnce();
});
