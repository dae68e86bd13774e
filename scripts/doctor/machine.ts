import { totalmem } from "node:os";
import { type Finding, note, ok } from "./finding.ts";

const GIB = 2 ** 30;
/** Memory for the demo's processes and a browser. */
const NEEDED_MEMORY_GIB = 2;

/** Node, as `npm run` found it and as the workspace pins it. */
export function nodeFinding(): Finding {
  const starter = process.env.npm_config_user_agent?.match(/node\/v(\S+)/)?.[1];
  const started = starter === undefined ? "" : `${starter} starts the commands, `;
  return ok("Node", `${started}${process.versions.node} runs them (pinned by the workspace)`);
}

export function memoryFinding(totalBytes: number = totalmem()): Finding {
  const text = `${Math.round(totalBytes / GIB)} GiB`;
  return totalBytes >= NEEDED_MEMORY_GIB * GIB
    ? ok("Memory", text)
    : note("Memory", `${text}: the demo needs about ${NEEDED_MEMORY_GIB} GiB; close other programs first`);
}
