import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { type Finding, note, ok, problem } from "./finding.ts";

const MIB = 1024 * 1024;
/** The embedded stack's processes and a browser. */
const NEEDED_MEMORY_MIB = 2048;
/** Dependencies, a Keycloak and a Jaeger. */
const WANTED_DISK_MIB = 2048;

/** Node, as `npm run` found it and as the workspace pins it. */
export function nodeFinding(): Finding {
  const starter = process.env.npm_config_user_agent?.match(/node\/v(\S+)/)?.[1];
  const started = starter === undefined ? "" : `${starter} starts the commands, `;
  return ok("Node", `${started}${process.versions.node} runs them (pinned by the workspace)`);
}

export function memoryFinding(totalBytes: number = totalmem()): Finding {
  const text = `${Math.round(totalBytes / MIB / 1024)} GiB`;
  return totalBytes >= NEEDED_MEMORY_MIB * MIB
    ? ok("Memory", text)
    : note(
        "Memory",
        `${text}: the demo wants about ${NEEDED_MEMORY_MIB / 1024} GiB; close other programs first`,
      );
}

export async function diskFinding(): Promise<Finding> {
  const { bavail, bsize } = await statfs(REPOSITORY_ROOT);
  const freeMib = (bavail * bsize) / MIB;
  const text = `${Math.round(freeMib / 1024)} GiB free`;
  return freeMib >= WANTED_DISK_MIB
    ? ok("Disk", text)
    : note("Disk", `${text}: Keycloak and Jaeger want 2 GiB`);
}

const FIRST_RELEASE_MS = Date.UTC(2026, 10, 1);
const TOLERANCE_SECONDS = 60;

/**
 * Signatures are good for a minute, so clocks must agree. One machine has one clock, except that a Docker engine may live in a virtual
 * machine with its own, which falls behind when the computer sleeps.
 */
export function clockFinding(nowMs: number, engineMs: number | undefined): Finding {
  if (nowMs < FIRST_RELEASE_MS) {
    return problem("Clock", `says ${new Date(nowMs).toISOString()}, before this project was made: set it`);
  }
  if (engineMs === undefined) return ok("Clock", new Date(nowMs).toISOString());
  const apartSeconds = Math.round(Math.abs(nowMs - engineMs) / 1000);
  return apartSeconds <= TOLERANCE_SECONDS
    ? ok("Clock", `${new Date(nowMs).toISOString()}, and the Docker engine's agrees`)
    : problem(
        "Clock",
        `the Docker engine's is ${apartSeconds} s away: restart Docker, signatures will be refused`,
      );
}
