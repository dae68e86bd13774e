import type { ProvenCaller } from "aauth";
import { defineCallValue } from "agent-kit/a2a";

/** The proven caller, on its way from the gate to the executor. */
export const caller = defineCallValue<ProvenCaller>("caller");
