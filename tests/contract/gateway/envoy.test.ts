/** The Envoy configuration of docs/reference/gateways.md, as it stands there. Needs `envoy` on the PATH. */
import { describeGateway } from "./documented-gateway.ts";

await describeGateway({
  name: "Envoy",
  program: "envoy",
  args: (file) => ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"],
  requestFrom: "path",
  statusWithoutCheck: 503,
});
