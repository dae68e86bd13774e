import type { ProfileName } from "agent-kit/settings";
import { draft11 } from "./draft-11-dialect.ts";
import { february2026 } from "./february-2026/demo-dialect.ts";
import type { StackModes, StackPorts, StackUrls } from "./stack.ts";

/** Name and address of a service in the text for users, and its description. */
export type Row = readonly [label: string, url: string, service: string];

/** A wire profile of the demo, for its launcher, compose and scripts. */
export interface DemoDialect {
  /** Name in sentences. */
  readonly title: string;
  /** Gateway configuration that only verifies, path from the repository's root. */
  readonly policyFile: string;
  /** Settings that only this profile has, and their variables. */
  readonly settings: Readonly<Partial<Record<DialectSetting, string>>>;
  /** Whether services can be the published demo's. */
  readonly hasPublishedDemo: boolean;
  /** Whether the auth server issues auth tokens, beside signing users in. */
  readonly authServerIssues: boolean;
  /** Services that only this profile has. */
  readonly services: readonly "person-server"[];
  /** Variable of gateway-authz with the resources' identifiers. */
  readonly resourcesVariable: string;
  /** Whether identifiers are the parties' addresses, with ports. */
  readonly identifiersAreAddresses: boolean;
  /** Identifier of the backend or an agent. */
  partyId(name: string, ports: StackPorts): string;
  /** The mode of a run, which decides what calls need. */
  modeOf(modes: Pick<StackModes, DialectSetting>): string;
  /** Environment of all services. */
  env(ports: StackPorts, modes: StackModes): Readonly<Record<string, string>>;
  /** Environment of the web page. */
  pageEnv(modes: StackModes, urls: StackUrls): Readonly<Record<string, string>>;
  /** Label of the service at which users sign in. */
  readonly authServerLabel: string;
  /** The run in words. */
  describe(modes: StackModes): string;
  /**
   * Further pages for a browser.
   *
   * @param owners the resources' owners; empty if there are none
   */
  pages(modes: StackModes, urls: StackUrls, owners: string): readonly Row[];
  /** Further parties, by identifier. */
  parties(modes: StackModes): readonly Row[];
}

export type DialectSetting = "mode" | "signatureScheme" | "authorizationScheme";

export const DEMO_DIALECTS: Readonly<Record<ProfileName, DemoDialect>> = {
  "february-2026": february2026,
  "draft-11": draft11,
};

/** The other profiles' settings, each with its variable and profile. */
export const foreignSettings = (profile: ProfileName) =>
  (Object.entries(DEMO_DIALECTS) as [ProfileName, DemoDialect][])
    .filter(([name]) => name !== profile)
    .flatMap(([name, { settings }]) =>
      (Object.entries(settings) as [DialectSetting, string][]).map(([setting, variable]) => ({
        setting,
        variable,
        profile: name,
      })),
    );
