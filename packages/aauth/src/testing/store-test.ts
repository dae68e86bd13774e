import type { Awaitable } from "../crypto/interface.ts";

/** An empty store for a test. */
export interface TestStore<Store> {
  readonly store: Store;
  /** Advances the store's clock. */
  advance(seconds: number): Awaitable<void>;
  /** Called after the test. Default: nothing to close. */
  close?(): Awaitable<void>;
}

/** Opens an empty store for `maxEntries` entries of all owners together. */
export type OpenTestStore<Store> = (bounds: { readonly maxEntries: number }) => Awaitable<TestStore<Store>>;

/** A test of a store: its title, and a function that rejects if the store breaks its contract. */
export interface StoreTest<Store> {
  readonly title: string;
  run(open: OpenTestStore<Store>): Promise<void>;
}

/**
 * Opens stores with a bound and a clock (Unix seconds) for a contract suite.
 *
 * @example
 * for (const { title, run } of recordStoreContract) {
 *   test(title, () => run(onTestClock(createMemoryRecordStore)));
 * }
 */
export const onTestClock =
  <Store>(
    create: (options: { readonly maxEntries: number; readonly now: () => number }) => Store,
  ): OpenTestStore<Store> =>
  ({ maxEntries }) => {
    let seconds = 1_800_000_000;
    return {
      store: create({ maxEntries, now: () => seconds }),
      advance(by) {
        seconds += by;
      },
    };
  };

/** Runs `test` with a new store, and closes it. */
export const withStore =
  <Store>(maxEntries: number, test: (opened: TestStore<Store>) => Promise<void>): StoreTest<Store>["run"] =>
  async (open) => {
    const opened = await open({ maxEntries });
    try {
      await test(opened);
    } finally {
      await opened.close?.();
    }
  };

/** Number of concurrent callers. */
export const MANY = 40;

export function equal(actual: unknown, expected: unknown): void {
  const [is, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== wanted) throw new Error(`expected ${wanted}, not ${is}`);
}

export async function rejects(run: () => unknown, kind: new (...args: never[]) => Error): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof kind) return;
    throw error;
  }
  throw new Error(`expected ${kind.name}`);
}
