/**
 * Assertions about a request, kept separate by their source, agent or resource (draft -11, section
 * 7.4).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { documents } from "../draft-11/documents.ts";
import { invalidRequest } from "./answers.ts";
import type { AgentAssertions, ResourceAssertions } from "./types.ts";

type Members = Readonly<Record<string, unknown>>;

const MAX_TEXT_CHARACTERS = 4_000;
const MAX_DEVICE_CHARACTERS = 64;
const MAX_LISTED = 20;
const PLATFORMS: readonly unknown[] = ["web", "mobile", "desktop", "workload", "self-hosted"];

/** True for a non-empty string of bounded length. */
export const isBoundedString = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= MAX_TEXT_CHARACTERS;

/** @throws Problem `invalid_request` */
export function listOf(members: Members, name: string): readonly string[] {
  const value = members[name] ?? [];
  const isList = Array.isArray(value) && value.length <= MAX_LISTED && value.every(isBoundedString);
  if (!isList) throw invalidRequest(`${name} must be a list of strings`);
  return value;
}

/** Assertions of the agent. Unknown platforms are ignored. @throws Problem `invalid_request` */
export function assertionsOf(members: Members): AgentAssertions {
  const text = (name: string): string | undefined => {
    const value = members[name];
    if (value === undefined || isBoundedString(value)) return value;
    throw invalidRequest(`${name} must be a string of at most ${MAX_TEXT_CHARACTERS} characters`);
  };
  const device = text("device");
  if (device !== undefined && ([...device].length > MAX_DEVICE_CHARACTERS || /\p{C}/u.test(device))) {
    throw invalidRequest(`device must have at most ${MAX_DEVICE_CHARACTERS} printable characters`);
  }
  const platform = text("platform");
  return {
    justification: text("justification"),
    description: text("description"),
    platform: PLATFORMS.includes(platform) ? platform : undefined,
    device,
    loginHint: text("login_hint"),
    tenant: text("tenant"),
    domainHint: text("domain_hint"),
    prompt: text("prompt"),
    answers: [],
  };
}

/** Assertions that a resource publishes about itself and its scopes, if any. */
export async function assertionsOfResource(
  discovery: Discovery,
  resource: string,
  scopes: readonly string[],
): Promise<ResourceAssertions> {
  const found = await discovery.metadata(documents.kinds.resource, resource).catch(() => undefined);
  if (found === undefined) return {};
  const { name, description, logo_uri: logoUri, access_mode: accessMode } = found;
  const { scope_descriptions: known = {} } = found;
  const described = scopes.filter((scope) => Object.hasOwn(known, scope));
  const scopeDescriptions = Object.fromEntries(described.map((scope) => [scope, known[scope]!]));
  return {
    name,
    description,
    logoUri,
    accessMode,
    scopeDescriptions: described.length > 0 ? scopeDescriptions : undefined,
  };
}
