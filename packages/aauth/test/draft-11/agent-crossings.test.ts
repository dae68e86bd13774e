/**
 * Crossings from the engine of an agent into its dialect, counted by wrapping the dialect's hooks.
 */

import { expect, it } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { createWorld, DATA } from "./agent-world.ts";

/** Wraps the functions of these rules, which record their name at each call. */
function recording<Rules extends object>(rules: Rules, calls: string[]): Rules {
  const wrapped = Object.entries(rules).map(([name, hook]) => [
    name,
    typeof hook !== "function"
      ? hook
      : (...args: unknown[]) => {
          calls.push(name);
          return hook.apply(rules, args);
        },
  ]);
  return Object.fromEntries(wrapped);
}

it("a call that climbs to an auth token asks the dialect once for each decision", async () => {
  const calls: string[] = [];
  const { messages, calls: rules, tokenRequests } = draft11;
  const profile = {
    ...draft11,
    messages: recording(messages, calls),
    calls: recording(rules, calls),
    tokenRequests: recording(tokenRequests, calls),
  };
  const world = createWorld();
  expect((await world.agent({ profile }).fetchFor()(DATA)).status).toBe(200);
  expect(world.story()).toHaveLength(5);
  const counts = Object.groupBy(calls, (name) => name);
  expect(Object.fromEntries(Object.entries(counts).map(([name, all]) => [name, all!.length]))).toEqual({
    decide: 6,
    // For each of the five requests.
    formatKeyClaim: 5,
    signedComponents: 5,
    // For each of the three to the resource.
    requestFields: 3,
    readResponse: 3,
    // For each of the two tokens.
    checkChallenge: 2,
    request: 2,
    read: 2,
  });
});
