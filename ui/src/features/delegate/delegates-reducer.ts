import type { Delegate, DelegateList, Failure } from "backend-api";

/** What a user has a delegate do: call the supply-chain agent, end, or act again after its end. */
export type DelegateAction = "run" | "end" | "start";

/** What the panel of delegates shows. */
export interface DelegatesState {
  /** Undefined until the backend has answered. */
  list?: DelegateList;
  /** The list could not be read again: it is the one before. */
  isStale?: boolean;
  /** The list is requested again. */
  isAskedAgain?: boolean;
  /** `sub` of the delegate that does something, and what. */
  running?: { readonly sub: string; readonly action: DelegateAction };
  failure?: Failure;
  /** What has failed, where it was no call. */
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
