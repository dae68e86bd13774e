import { expect, test } from "vitest";
import * as service from "../../src/service/index.ts";

test("the entry for services has at most 50 values", () => {
  expect(Object.keys(service).length).toBeLessThanOrEqual(50);
});
