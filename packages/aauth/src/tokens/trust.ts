/** Whom to trust: a list of identifiers, or a function that knows. */
export type TrustPolicy = readonly string[] | ((id: string) => boolean);

/** Exact comparison: a prefix or a look-alike is someone else. */
export function trusts(policy: TrustPolicy, id: string): boolean {
  return typeof policy === "function" ? policy(id) : policy.includes(id);
}
