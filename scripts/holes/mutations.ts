import type { Mutation } from "./mutation.ts";
import { AGENTS } from "./mutations/agents.ts";
import { AUTH_SERVER } from "./mutations/auth-server.ts";
import { BACKEND } from "./mutations/backend.ts";
import { GATEWAY } from "./mutations/gateway.ts";
import { LIBRARY } from "./mutations/library.ts";
import { OTHERS } from "./mutations/others.ts";

/** Every row of docs/reference/known-holes.md at least once, and what was found missing a test since. */
export const MUTATIONS: readonly Mutation[] = [
  ...LIBRARY,
  ...AUTH_SERVER,
  ...GATEWAY,
  ...AGENTS,
  ...BACKEND,
  ...OTHERS,
];
