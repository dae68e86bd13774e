import { expect, it } from "vitest";
import { readDemoSettings } from "../../../scripts/demo/demo-settings.ts";
import { describeStack } from "../../../scripts/demo/describe-stack.ts";
import { runningVersion, VERSIONS } from "../../src/config/versions.ts";
import { readSettings } from "../../vite/read-settings.ts";

const PREFIX = "npm run demo -- ";
const ALL = VERSIONS.flatMap(({ title, modes }) => modes.map((mode) => [title, mode] as const));

it.each(ALL)("%s $name: its command starts a demo whose page names it", (title, mode) => {
  expect(mode.command.startsWith(PREFIX)).toBe(true);
  const { ports, modes } = readDemoSettings({}, mode.command.slice(PREFIX.length).split(" "));
  const page = describeStack(ports, modes).find(({ name }) => name === "ui");
  expect(runningVersion(readSettings(page?.env ?? {}).browser)).toMatchObject({ title, mode });
});

it("reads a page without settings as February's, in an unknown mode", () => {
  expect(runningVersion({})).toEqual({ name: "february-2026", title: "February 2026", mode: undefined });
});
