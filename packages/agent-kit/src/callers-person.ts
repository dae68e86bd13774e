import type { WaitingCall } from "aauth";
import type { InteractionRequest } from "aauth/agent";

/**
 * The caller's person, as a call of the agent reaches them: the call ends when it has to wait for
 * them, and another attempt at the same work resumes it.
 */
export interface CallersPerson {
  /** The call to resume. Undefined: none has begun. */
  readonly waiting: WaitingCall | undefined;
  /**
   * The attempt before did not end: its call may have the answer already, which is given once. Then
   * the call is made again, where that is safe.
   */
  readonly isTakenOver: boolean;
  /** For the context of the call, new or resumed. */
  readonly control: {
    readonly signal: AbortSignal | undefined;
    onInteraction(interaction: InteractionRequest): void;
    onWaiting(waiting: WaitingCall): void;
  };
  /** Whether this attempt ends without a result: its errors are no failures. */
  isInterrupted(): boolean;
}

/** A call that waits. */
export interface Wait {
  /** Page that the person is needed at. Undefined where the call waits for something else. */
  readonly page: string | undefined;
  readonly waiting: WaitingCall;
}

/** An attempt at some work. */
export interface AttemptOptions extends Partial<Pick<CallersPerson, "waiting" | "isTakenOver">> {
  /** Interrupts it. */
  readonly signal?: AbortSignal;
}

/**
 * Works until the result, or until a call has to wait for the caller's person. A resumed call also
 * ends when it waits at another address, so that this can be kept.
 */
export async function untilPerson<T>(
  { waiting: begun, isTakenOver = false, signal }: AttemptOptions,
  work: (person: CallersPerson) => Promise<T>,
): Promise<{ readonly result: T } | Wait> {
  let page: string | undefined;
  let wait: Wait | undefined;
  const person: CallersPerson = {
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
