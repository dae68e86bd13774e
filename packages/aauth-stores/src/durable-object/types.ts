import type { Quota } from "../quota.ts";

/** Binding of a Workers module to a namespace of Durable Objects. */
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

/** A call of an object, which is one store. Keys and owners are in their stored form. */
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
  /** Required current value, null for none. Default: any. */
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
