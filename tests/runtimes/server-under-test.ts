import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { Parties } from "./parties.ts";
import type { Settings } from "./servers/reports.ts";

/** A server that listens. */
export interface Started {
  readonly port: number;
  stop(): unknown;
}

/** A server under attack. */
export interface ServerUnderTest {
  /** Entry point of its gate. */
  readonly gate: string;
  /**
   * Packages that make it, in the folder of frameworks and runtimes, or in the workspace. Default:
   * Node itself.
   */
  readonly packages?: readonly string[];
  /**
   * Names of attacks whose change the server removes before the gate, so that the request is served
   * as signed.
   */
  readonly drops?: readonly string[];
  start(settings: Settings): Promise<Started>;
  /** The parties as callers of this server. Default: unchanged. */
  readonly as?: (parties: Parties) => Parties;
}

/** A module of the folder of frameworks. */
export async function load<Module>(name: string): Promise<Module> {
  const { resolve } = createRequire(`${process.env.RUNTIMES_UNDER_TEST}/package.json`);
  return import(/* @vite-ignore */ pathToFileURL(resolve(name)).href);
}

/** The packages of a server with their versions, as manifests pin them. */
export function versionsOf({ packages }: ServerUnderTest): string {
  if (packages === undefined) return `Node ${process.versions.node}`;
  return packages.map((name) => nameAndVersion(name, pinned(name))).join(", ");
}

/** A package that is installed for one platform, or in a second version, has another name. */
function nameAndVersion(name: string, version: string): string {
  const [, original, old] = /^npm:(.+)@(.+)$/.exec(version) ?? [];
  if (original !== undefined) return `${original} ${old}`;
  return `${/^@\w+\/(workerd|linux|bun)-/.exec(name)?.[1]?.replace("linux", "deno") ?? name} ${version}`;
}

function pinned(name: string): string {
  for (const path of ["package.json", "next/package.json", "../../package.json"]) {
    const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
    const version: string | undefined = { ...manifest.devDependencies, ...manifest.dependencies }[name];
    if (version !== undefined) return version;
  }
  throw new Error(`no manifest has ${name}`);
}
