import type { WaitingCall } from "aauth";
import type { InteractionRequest } from "aauth/agent";

/**
 * Access to the caller's person for a call of the agent. The call ends when it must wait for the
 * person, and another attempt at the same work resumes it.
 */
export interface CallInteraction {
  /** The call to resume. Undefined if none has begun. */
  readonly waiting: WaitingCall | undefined;
  /**
   * Whether the previous attempt did not end. Its call may already have received the answer, which
   * is delivered once; the call is then repeated if that is safe.
   */
  readonly isTakenOver: boolean;
  /** Members for the context of the new or resumed call. */
  readonly control: {
    readonly signal: AbortSignal | undefined;
    onInteraction(interaction: InteractionRequest): void;
    onWaiting(waiting: WaitingCall): void;
  };
  /** Whether this attempt was interrupted, so that its errors are not failures. */
  isInterrupted(): boolean;
}

/** A call that waits. */
export interface Wait {
  /** Page on which the person must act. Undefined if the call waits for something else. */
  readonly page: string | undefined;
  readonly waiting: WaitingCall;
}

/** Options of an attempt. */
export interface AttemptOptions extends Partial<Pick<CallInteraction, "waiting" | "isTakenOver">> {
  /** Interrupts it. */
  readonly signal?: AbortSignal;
}

/**
 * Runs work until its result, or until a call must wait for the caller's person. A resumed call
 * also ends when it waits at another address, so that its state can be stored.
 */
export async function untilInteraction<T>(
  { waiting: begun, isTakenOver = false, signal }: AttemptOptions,
  work: (person: CallInteraction) => Promise<T>,
): Promise<{ readonly result: T } | Wait> {
  let page: string | undefined;
  let wait: Wait | undefined;
  const person: CallInteraction = {
    waiting: begun,
    isTakenOver,
    control: {
      signal,
      onInteraction(interaction) {
        page = interaction.page;
      },
      // Called after the interaction, and before each poll.
      onWaiting(waiting) {
        const hasMoved = begun !== undefined && waiting.location !== begun.location;
        if (page === undefined && !hasMoved) return;
        wait = { page, waiting };
        throw new Error("the call waits");
      },
    },
    isInterrupted: () => wait !== undefined || signal?.aborted === true,
  };
  const result = await work(person);
  signal?.throwIfAborted();
  return wait ?? { result };
}
