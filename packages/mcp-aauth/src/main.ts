#!/usr/bin/env node
/**
 * `mcp-aauth URL`: a server over AAuth, for hosts that start their servers as programs.
 *
 * @module
 */

import type { Observer } from "aauth";
import { runBridge } from "./bridge.ts";
import { BridgeUsageError, readBridgeSettings, USAGE } from "./bridge-settings.ts";
import { openPage, visibleLine } from "./open-page.ts";

/** Writes a line, which may have parts that others have chosen. */
const say = (text: string) => void process.stderr.write(`${visibleLine(text)}\n`);

try {
  const { url, fetchWith } = await readBridgeSettings(process.argv.slice(2), process.env);
  const fetch = fetchWith({ open: openPage, print: say });
  const observer: Observer = (event) => {
    if (event.type === "unexpected_error") say((event.error as Error).message);
  };
  const { stdin: input, stdout: output } = process;
  await runBridge({ url, fetch, input, output, observer });
} catch (error) {
  if (!(error instanceof BridgeUsageError)) throw error;
  say(error.message);
  process.stderr.write(`\n${USAGE}`);
  process.exitCode = 2;
}
