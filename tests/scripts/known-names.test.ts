import { globSync, readFileSync } from "node:fs";
import { KNOWN_NAMES } from "agent-kit/settings";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";

const declared = new Set(
  globSync(
    ["packages/agent-kit/src/**/*.ts", "services/*/src/**/*.ts", "scripts/demo/*.ts", "agentgateway/*.yaml"],
    { cwd: REPOSITORY_ROOT },
  )
    .map((path) => readFileSync(`${REPOSITORY_ROOT}${path}`, "utf8"))
    .flatMap((text) => [...text.matchAll(/(?:env: "|\$\{)(AAUTH_[A-Z_]+)/g)].map((match) => match[1]!)),
);

test("every AAUTH_ variable that a program reads is known to its siblings", () => {
  expect([...declared].filter((name) => !KNOWN_NAMES.has(name))).toEqual([]);
});

test("no name is known that no program reads", () => {
  expect([...KNOWN_NAMES].filter((name) => !declared.has(name))).toEqual([]);
});
