/**
 * `npm run demo`: the whole stack in one terminal and, except for the delegate and third-party
 * programs, in one process.
 *
 * @module
 */

import { ConfigError, HelpRequested } from "agent-kit/settings";
import { describeReplicas } from "../replicas/describe-replicas.ts";
import { prepareReplicas } from "../replicas/prepare-replicas.ts";
import { alreadyRunning } from "./already-running.ts";
import { DemoModes } from "./demo-modes.ts";
import { type DemoSettings, readDemoSettings } from "./demo-settings.ts";
import { describeStack, leaveOut, type ServiceDescription } from "./describe-stack.ts";
import {
  hasState,
  keptWork,
  keptWorkOfReplicas,
  markState,
  OtherModeError,
  removeState,
  requireOwnState,
} from "./kept-state.ts";
import { prepareHost } from "./prepare-host.ts";
import { runInTerminal } from "./run-in-terminal.ts";
import { REPOSITORY_ROOT, stackUrls, stateFolders } from "./stack.ts";
import { unavailablePorts } from "./taken-ports.ts";
import { welcomeText } from "./welcome.ts";

process.exit(await main());

async function main(): Promise<number> {
  let demo: DemoSettings;
  let services: readonly ServiceDescription[];
  let continues: () => Promise<string | undefined>;
  try {
    demo = readDemoSettings(process.env, process.argv.slice(2));
    ({ services, continues } = await prepare(demo));
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (!(error instanceof ConfigError || error instanceof OtherModeError)) throw error;
    console.error(`${error.message}\n  npm run demo -- --help lists all flags.`);
    return 2;
  }
  const { ports, modes, processes, without, isBeside } = demo;
  const urls = stackUrls(ports);
  const isSwap = modes.publishedPeers !== undefined;
  if (!processes) await prepareHost();
  return runInTerminal(
    processes ? services.map((service) => ({ ...service, hosted: undefined })) : services,
    {
      whenReady: async (stack) => {
        markState(ports, modes);
        return isBeside
          ? `\nReady: ${services.map(({ name }) => name).join(", ")}. Stop with Ctrl-C.\n\n`
          : welcomeText(ports, modes, {
              readyAfterMs: stack.readyAfterMs,
              leftOut: without,
              owners: process.env.ACCESS_SERVER_OWNERS,
              continues: await continues(),
            });
      },
      whyPortsTaken: async () => {
        // The published backend answers like ours.
        const reason = isSwap || isBeside ? undefined : await alreadyRunning(urls);
        return (
          reason &&
          `${capitalised(reason)}. Nothing was started.\n` +
            "A second one beside it needs ports of its own: npm run demo -- --help lists their variables."
        );
      },
      otherPorts: Object.values(ports),
      ...(!processes && { modes: new DemoModes(demo) }),
    },
  );
}

/** Removes the state of earlier starts if requested, and describes the services. */
async function prepare({ ports, modes, fresh, replicas, without }: DemoSettings) {
  const services = leaveOut(describeStack(ports, modes), without);
  // Another demo may be using the files.
  if (fresh) {
    const { taken } = await unavailablePorts(describeStack(ports, modes));
    if (taken.length === 0) await removeState(ports, modes);
  }
  const isContinued = modes.store === undefined && hasState(ports, modes);
  requireOwnState(ports, modes);
  if (replicas === 1) {
    const folder = REPOSITORY_ROOT + stateFolders(ports, modes).data;
    const work = isContinued ? keptWork(folder) : undefined;
    return { services, continues: async () => work };
  }
  const shared = await prepareReplicas(ports, modes);
  // Their PostgreSQL is not started yet.
  const continues = async () => (isContinued ? keptWorkOfReplicas(shared.store) : undefined);
  return { services: describeReplicas(services, shared), continues };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
