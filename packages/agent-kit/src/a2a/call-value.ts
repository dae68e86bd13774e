import type { ServerCallContext } from "@a2a-js/sdk/server";

/** A typed place in the context of a call. */
export interface CallValue<T> {
  /** For `contextFor`: the pair to put into `state`. */
  entry(value: T): readonly [string, T];
  /** For the executor: the value of this call, or undefined when `contextFor` set none. */
  from(context: ServerCallContext): T | undefined;
}

/**
 * Carries one value from the HTTP request to the executor without losing its type: the SDK's own `state` is a
 * map of unknowns. `name` must be unique inside one agent.
 *
 * @example
 * const caller = defineCallValue<Caller>("caller");
 * // in contextFor:   { state: new Map([caller.entry(callerOf(request))]) }
 * // in the executor: caller.from(context)
 */
export function defineCallValue<T>(name: string): CallValue<T> {
  return {
    entry: (value) => [name, value],
    // only `entry` writes under this name, so the type holds
    from: (context) => context.state.get(name) as T | undefined,
  };
}
