/** What a program that is measured answers about itself (`report-usage.ts`) to the one that started it. */
export interface Usage {
  /** Processor time so far, all threads. */
  readonly cpuUs: number;
  readonly residentBytes: number;
  /** After a collection, where the program runs with `--expose-gc`. */
  readonly heapBytes: number;
}

export type UsageQuestion = "usage";
