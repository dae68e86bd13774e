import { freePort } from "../../scripts/demo/free-ports.ts";
import { type Program, startProgram } from "../program.ts";

/** A resource or a person server of draft -11, and its stores. */
export interface Party {
  readonly kind: "resource" | "person-server";
  /** Public key of every agent provider and person server. */
  readonly issuer: object;
  /** Own key and secret, which replicas share. Default: new ones. */
  readonly own?: { readonly key: object; readonly secret: string };
  /** `memory`, `memory:MAX_ENTRIES`, path of a file, or URL of a PostgreSQL. */
  readonly store: string;
  /** URL of a Valkey. Default: the store. */
  readonly replayStore?: string;
}

/** Starts a party as a separate process. */
export async function startParty(party: Party): Promise<Program & { readonly port: number }> {
  const port = await freePort();
  const script = new URL("party.ts", import.meta.url);
  return { ...(await startProgram(script, { port, args: [JSON.stringify({ ...party, port })] })), port };
}
