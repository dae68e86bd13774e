import type { Delegate, DelegateList, Failure } from "backend-api";

/** What the panel of delegates shows. */
export interface DelegatesState {
  /** Undefined until the backend has answered. */
  list?: DelegateList;
  /** The list is requested again. */
  isAskedAgain?: boolean;
  /** `sub` of the delegate that runs. */
  running?: string;
  failure?: Failure;
}

export type DelegatesAction =
  | { type: "asked_again" }
  | { type: "listed"; list: DelegateList }
  | { type: "started"; sub: string }
  | { type: "ended"; delegate: Delegate }
  | { type: "failed"; failure: Failure };

export function delegatesReducer(state: DelegatesState, action: DelegatesAction): DelegatesState {
  const { list } = state;
  const kept = list === undefined ? {} : { list };
  switch (action.type) {
    case "asked_again":
      return { ...state, isAskedAgain: true };
    case "listed":
      return { list: action.list };
    case "started":
      return { ...kept, running: action.sub };
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
      return { ...kept, failure: action.failure };
  }
}
