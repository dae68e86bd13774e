import { freePorts } from "../../scripts/demo/free-ports.ts";
import { removeState } from "../../scripts/demo/kept-state.ts";
import { LogLines } from "../../scripts/demo/log-lines.ts";
import { runStack } from "../../scripts/demo/run-stack.ts";
import { DEMO_MODES, DEMO_PORTS } from "../../scripts/demo/stack.ts";
import { describeReplicas, type Replicas } from "../../scripts/replicas/describe-replicas.ts";
import { prepareReplicas } from "../../scripts/replicas/prepare-replicas.ts";

/** Starts a PostgreSQL and a Valkey as `npm run demo -- --replicas 2` does. */
export async function startStateServers(): Promise<
  Pick<Replicas, "store" | "replayStore"> & {
    readonly processes: readonly { readonly name: string; readonly pid: number }[];
    stop(): Promise<void>;
  }
> {
  const [backend] = await freePorts(1);
  const ports = { ...DEMO_PORTS, backend: backend! };
  const replicas = await prepareReplicas(ports, DEMO_MODES);
  const log = new LogLines(["postgres", "valkey"], { sink: { write: () => true }, colour: false });
  const stack = await runStack(describeReplicas([], replicas), { log, signal: new AbortController().signal });
  return {
    ...replicas,
    processes: stack.services.map(({ name, pid }) => ({ name, pid: pid! })),
    async stop() {
      await stack.stop();
      await removeState(ports, DEMO_MODES);
    },
  };
}
