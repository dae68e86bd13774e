import { knownHolesPage } from "../holes/known-holes.ts";
import {
  composeFile,
  draft11Configuration,
  draft11Variables,
  federatedVariables,
  gatewayConfiguration,
} from "./agent-files.ts";
import { configurationPage } from "./configuration-page.ts";
import { withErrorTable } from "./error-table.ts";
import { helpTexts } from "./help-texts.ts";
import { interopPage } from "./interop-page.ts";
import { openApi } from "./openapi.ts";
import { runPicture } from "./run-picture.ts";

/** Generated files: path from the root, and a function from the old content to the new one. */
export const REFERENCE_PAGES: Readonly<Record<string, (content: string) => string | Promise<string>>> = {
  "agentgateway/config.yaml": gatewayConfiguration,
  "agentgateway/config-draft-11.yaml": draft11Configuration,
  "compose/draft-11-federated.env": federatedVariables,
  "compose/draft-11.env": draft11Variables,
  "docker-compose.yml": composeFile,
  "docs/images/run.svg": runPicture,
  "docs/reference/configuration.md": configurationPage,
  "docs/reference/errors.md": withErrorTable,
  "docs/reference/interop.md": interopPage,
  "docs/reference/known-holes.md": knownHolesPage,
  "docs/reference/openapi.yaml": openApi,
  "scripts/help.json": helpTexts,
};
