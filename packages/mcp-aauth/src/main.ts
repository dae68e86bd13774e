#!/usr/bin/env node
/**
 * `mcp-aauth URL`: a server over AAuth, for hosts that start their servers as programs.
 *
 * @module
 */

import { runBridge } from "./bridge.ts";
import { BridgeUsageError, readBridgeSettings, USAGE } from "./bridge-settings.ts";
import { openPage } from "./open-page.ts";

const say = (text: string) => void process.stderr.write(`${text}\n`);

try {
  const { url, fetchFor } = await readBridgeSettings(process.argv.slice(2), process.env);
  const fetch = fetchFor((page) => {
    say(`open ${page}`);
    openPage(page);
  });
  const { stdin: input, stdout: output } = process;
  await runBridge({ url, fetch, input, output, onError: ({ message }) => say(message) });
} catch (error) {
  if (!(error instanceof BridgeUsageError)) throw error;
  say(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
