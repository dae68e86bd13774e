import type { Site } from "issuer-kit";
import type { PersonServerConfig } from "./config.ts";

/** Pages of one of the servers, which lead to the configured applications. */
export function siteOf(name: string, { applications }: Pick<PersonServerConfig, "applications">): Site {
  return { name, applications: applications.map((url) => ({ name: new URL(url).host, url })) };
}
