import type { AAuthEvent } from "aauth";
import { createAgentLog, type ProtocolLogger } from "agent-kit/protocol-log";
import type { Peer } from "../failures/situation.ts";
import { createWriteQueue } from "../write-queue.ts";
import { describeStep } from "./describe-step.ts";
import type { Step } from "./run.ts";

/** Observes one call for the run's feed and the log, and tracks the backend's current peer. */
export interface ObservedCall {
  readonly observer: (event: AAuthEvent) => void;
  readonly peer: () => Peer;
  /** Resolves once every step so far is recorded. */
  readonly noted: () => Promise<unknown>;
}

/**
 * Starts observing a call. `run.note` receives its steps one at a time, in order. Without a run
 * there is no feed.
 */
export type CallObserver = (run?: {
  readonly id: string;
  readonly note: (step: Step, event: AAuthEvent) => Promise<unknown>;
}) => ObservedCall;

export function createCallObserver({ logger }: { logger: ProtocolLogger }): CallObserver {
  const log = createAgentLog(logger, "supply-chain-agent");

  return (run) => {
    let peer: Peer = "resource";
    const notes = createWriteQueue();
    return {
      peer: () => peer,
      noted: notes.done,
      observer(event) {
        if (event.type === "token_requested" || event.type === "challenge_received") peer = "auth-server";
        else if (event.type === "token_received" || event.type === "request_retried") peer = "resource";
        log(event, run && { runId: run.id });
        const step = describeStep(event);
        if (step !== undefined && run !== undefined) notes.add(() => run.note(step, event));
      },
    };
  };
}
