import type { Quota } from "../quota.ts";

/** A namespace of Durable Objects, as a Workers module has it in a binding. */
export interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): {
    fetch(
      url: string,
      init: { method: string; body: string; signal: AbortSignal },
    ): Promise<{ readonly ok: boolean; readonly status: number; json(): Promise<unknown> }>;
  };
}

/** Storage of a Durable Object with SQLite. */
export interface ObjectStorage {
  readonly sql: {
    exec(sql: string, ...values: (string | number)[]): { toArray(): Readonly<Record<string, unknown>>[] };
  };
  transactionSync<Result>(run: () => Result): Result;
}

/** A call of an object, which is one store. Keys and owners are as they are stored. */
export type Call =
  | { readonly kind: "claim"; readonly key: string; readonly quota: Quota; readonly ttlSeconds: number }
  | { readonly kind: "find"; readonly key: string }
  | { readonly kind: "take"; readonly key: string }
  | { readonly kind: "list"; readonly owner: string }
  | PutCall;

interface PutCall {
  readonly kind: "put";
  readonly key: string;
  readonly value: string;
  readonly quota: Quota;
  readonly ttlSeconds: number;
  /** The value that must be there, null for none. Default: any. */
  readonly before?: string | null | undefined;
}

/** Answers by the kind of call. */
export interface Answers {
  readonly claim: boolean | "full" | "unknown";
  readonly find: string | null;
  readonly take: string | null;
  /** Values, oldest write first. */
  readonly list: readonly string[];
  readonly put: "stored" | "full" | { readonly found: string | null };
}
