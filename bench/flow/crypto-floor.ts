import { quantile } from "../measure.ts";
import { startAsked } from "../program.ts";

/** Cryptographic operations of one flow over both hops; one with Ed25519 includes the hash of a body. */
export interface OperationCounts {
  readonly ed25519Signs: number;
  readonly ed25519Verifies: number;
  readonly rs256Signs: number;
  readonly rs256Verifies: number;
}

export type FloorOperation = keyof OperationCounts;

/** What the cryptography of a flow costs alone. */
export interface CryptoFloor {
  /** Does each operation that the flow has once, each in answer to a message of its own, and remembers how long it took. */
  sample(): Promise<void>;
  /** For one flow, from the medians of what was sampled since the last call. */
  takeMs(): number;
  stop(): void;
}

/**
 * The limit of the platform, with keys that are imported already, in the conditions of the flow that it is compared with: one at a
 * time, in a process that has just been woken, with caches that others have filled meanwhile. Take a sample after each flow. In a tight
 * loop the same operations take two thirds of the time, but no flow runs in one.
 */
export async function startCryptoFloor(counts: OperationCounts): Promise<CryptoFloor> {
  const names = (Object.keys(counts) as FloorOperation[]).filter((name) => counts[name] > 0);
  const process = await startAsked<FloorOperation>(new URL("./floor-process.ts", import.meta.url));
  let times = new Map<FloorOperation, number[]>(names.map((name) => [name, []]));
  return {
    async sample() {
      for (const name of names) times.get(name)!.push(await process.ask(name));
    },
    takeMs() {
      const taken = times;
      times = new Map(names.map((name) => [name, []]));
      return names.reduce((sum, name) => sum + counts[name] * quantile(taken.get(name)!, 0.5), 0);
    },
    stop: process.stop,
  };
}
