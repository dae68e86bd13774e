import { expect, it } from "vitest";
import { failedReturn } from "../../src/app/failed-return.ts";
import { noteConsentReturn } from "../../src/features/consent/consent-storage.ts";
import { memoryStore } from "../memory-store.ts";

it("does not call a run failed that may still wait", () => {
  const store = memoryStore();
  expect(failedReturn(store)).toBeUndefined();
  noteConsentReturn("?aauth_error=1&error=missing_code_or_state&error_description=x", store);
  expect(failedReturn(store)).toMatchObject({
    title: "The run did not continue",
    failure: { code: "missing_code_or_state" },
  });
});
