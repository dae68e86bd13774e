import { type Stores, StoreUnavailableError } from "aauth";

/** Stores whose database can be stopped and started again. */
export interface StoppableStores extends Stores {
  /** Allows this number of operations, and fails all later ones. */
  stopAfter(operations: number): void;
  start(): void;
}

export function stoppableStores(stores: Stores): StoppableStores {
  let left = Number.POSITIVE_INFINITY;
  const stoppable = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const operation = Reflect.get(target, name) as (...operands: unknown[]) => unknown;
        return async (...operands: unknown[]) => {
          if (left <= 0) throw new StoreUnavailableError("the database");
          left -= 1;
          return operation.apply(target, operands);
        };
      },
    });
  return {
    knownSince: stores.knownSince,
    claims: (...names) => stoppable(stores.claims(...names)),
    records: <Value>(...names: Parameters<Stores["records"]>) => stoppable(stores.records<Value>(...names)),
    stopAfter(operations) {
      left = operations;
    },
    start() {
      left = Number.POSITIVE_INFINITY;
    },
  };
}
