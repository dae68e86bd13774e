/** The Envoy configuration of docs/reference/gateways.md, unchanged. Needs `envoy` on the PATH. */
import { expect, test } from "vitest";
import { describeGateway, shownFile } from "./documented-gateway.ts";

await describeGateway({
  name: "Envoy",
  program: "envoy",
  args: (file) => ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"],
  requestFrom: "path",
  statusWithoutCheck: 503,
});

test("Envoy has no list of a refusal's headers that may reach the caller: all of them do", () => {
  expect(shownFile("Envoy")).not.toMatch(/^ *allowed_client_headers:/m);
});
