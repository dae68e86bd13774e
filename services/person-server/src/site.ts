import type { Site } from "issuer-kit";
import { PARTY_COLOURS } from "topology";
import type { PersonServerConfig } from "./config.ts";

/** Page frame of one of the servers, with links to the configured applications. */
export function siteOf(
  party: "person-server" | "access-server",
  { applications }: Pick<PersonServerConfig, "applications">,
): Site {
  return {
    name: party === "person-server" ? "Person server" : "Access server",
    colours: PARTY_COLOURS[party],
    applications: applications.map((url) => ({ name: new URL(url).host, url })),
  };
}
