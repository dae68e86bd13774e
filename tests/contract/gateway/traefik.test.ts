/**
 * The Traefik configuration of docs/reference/gateways.md, unchanged. Needs `traefik` on the PATH.
 */
import { describeGateway } from "./documented-gateway.ts";

await describeGateway({
  name: "Traefik",
  program: "traefik",
  args: (file, port) => [
    `--entrypoints.agents.address=127.0.0.1:${port}`,
    "--entrypoints.agents.http.sanitizepath=false",
    `--providers.file.filename=${file}`,
    "--global.checknewversion=false",
    "--log.level=ERROR",
  ],
  requestFrom: "forwarded",
  statusWithoutCheck: 500,
});
