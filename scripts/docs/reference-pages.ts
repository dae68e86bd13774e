import { composeFile, gatewayConfiguration } from "./agent-files.ts";
import { configurationPage } from "./configuration-page.ts";
import { endpointsPage } from "./endpoints-page.ts";
import { errorsPage } from "./errors-page.ts";
import { restPage } from "./rest-page.ts";
import { telemetryPage } from "./telemetry-page.ts";

/** Pages and files that are made from the code, by their path from the repository's root. */
export const REFERENCE_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  "agentgateway/config.yaml": gatewayConfiguration,
  "docker-compose.yml": composeFile,
  "docs/reference/configuration.md": configurationPage,
  "docs/reference/endpoints.md": endpointsPage,
  "docs/reference/errors.md": errorsPage,
  "docs/reference/rest.md": restPage,
  "docs/reference/telemetry.md": telemetryPage,
};
