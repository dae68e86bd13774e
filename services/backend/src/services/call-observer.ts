import type { AgentEvent } from "aauth/agent";
import { createAgentLog, type ProtocolLogger } from "agent-kit/protocol-log";
import type { Peer } from "../failures/situation.ts";
import type { Run } from "../runs/run.ts";
import { describeStep } from "./describe-step.ts";

/** Watches one call: for the run's feed, for the log, and for whom the backend is talking to. */
export interface ObservedCall {
  readonly observer: (event: AgentEvent) => void;
  readonly peer: () => Peer;
}

/** Starts to watch a call; without a run nothing goes to a feed. */
export type CallObserver = (run?: Run) => ObservedCall;

export function createCallObserver({ logger }: { logger: ProtocolLogger }): CallObserver {
  const log = createAgentLog(logger, "supply-chain-agent");

  return (run) => {
    let peer: Peer = "resource";
    return {
      peer: () => peer,
      observer(event) {
        if (event.type === "token_requested" || event.type === "challenge_received") peer = "auth-server";
        else if (event.type === "token_received" || event.type === "request_retried") peer = "resource";
        log(event, run && { runId: run.id });
        const step = describeStep(event);
        if (step === undefined) return;
        const { action, details, ...more } = step;
        run?.note(action, details, more);
      },
    };
  };
}
