import type { Delegate, DelegateList, Failure } from "backend-api";

/** Actions on a delegate: make it call the supply-chain agent, end it, or start it again. */
export type DelegateAction = "run" | "end" | "start";

/** State of the delegates panel. */
export interface DelegatesState {
  /** Undefined until the backend has answered. */
  list?: DelegateList;
  /** Whether the list is outdated because it could not be refreshed. */
  isStale?: boolean;
  /** Whether the list is being requested again. */
  isAskedAgain?: boolean;
  /** `sub` of the delegate with an action in progress, and the action. */
  running?: { readonly sub: string; readonly action: DelegateAction };
  failure?: Failure;
  /** The failed action, unless it was a call. */
  failed?: DelegateAction;
}

export type DelegatesAction =
  | { type: "asked_again" }
  | { type: "listed"; list: DelegateList }
  | { type: "started"; sub: string; action: DelegateAction }
  | { type: "ended"; delegate: Delegate }
  | { type: "failed"; failure: Failure; action?: DelegateAction };

export function delegatesReducer(state: DelegatesState, action: DelegatesAction): DelegatesState {
  const { list } = state;
  const kept = list === undefined ? {} : { list };
  switch (action.type) {
    case "asked_again":
      return { ...state, isAskedAgain: true };
    case "listed":
      return { list: action.list, ...(state.running && { running: state.running }) };
    case "started":
      return { ...kept, running: { sub: action.sub, action: action.action } };
    case "ended":
      if (list === undefined) return {};
      return {
        list: {
          ...list,
          delegates: list.delegates.map((other) =>
            other.sub === action.delegate.sub ? action.delegate : other,
          ),
        },
      };
    case "failed":
      return {
        ...kept,
        failure: action.failure,
        ...(action.action ? { failed: action.action } : list && { isStale: true }),
      };
  }
}
