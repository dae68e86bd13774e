import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { residentMib } from "../../../scripts/demo/memory.ts";
import { stackUrls } from "../../../scripts/demo/stack.ts";
import { freeStackPorts, startNodeForTests } from "../../../scripts/keycloak/start-server-for-tests.ts";

export interface MeasuredKeycloak {
  readonly origin: string;
  readonly issuer: string;
  /** Resident memory of the Java process in MiB. */
  memoryMib(): number;
  /** Open sockets of the Java process. */
  sockets(): number;
  close(): Promise<void>;
}

/**
 * Starts Keycloak with the provider on free ports, with both compilers and a heap of at most 512 MiB, so that its memory is that of the
 * load and not of the machine.
 *
 * @throws Error with its last lines when it does not start
 */
export async function startMeasuredKeycloak(): Promise<MeasuredKeycloak> {
  const ports = await freeStackPorts();
  const env = { ...process.env, JAVA_OPTS_KC_HEAP: "-Xms64m -Xmx512m", JAVA_OPTS_APPEND: "" };
  const { close } = await startNodeForTests(ports, env);
  const pid = pidOf(`--http-port=${ports.authServer}`);
  const { authServer, issuer } = stackUrls(ports);
  return {
    origin: authServer,
    issuer,
    memoryMib: () => residentMib(pid) ?? 0,
    sockets: () => socketsOf(pid),
    close,
  };
}

/** Keycloak is a child of its start script: the Java process is the one with this argument. */
function pidOf(argument: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const words = contentOf(`/proc/${pid}/cmdline`).split("\0");
    if (words[0]?.endsWith("java") && words.includes(argument)) return Number(pid);
  }
  throw new Error("no Java process of this Keycloak was found");
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}
